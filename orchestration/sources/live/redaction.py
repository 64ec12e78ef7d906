"""Secrets taken out of every text that is said or kept: keys, and what addresses may hold.

A text is redacted whole and only then cut, so that no cut falls inside a secret. Of an address, the
scheme, host and path are shown; its query, fragment, user and password never are.
"""

from __future__ import annotations

import html
import re
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import quote, unquote_plus, urlsplit

LONGEST_TEXT = 1000  # characters of one message; longer ones lose their middle
LONGEST_VALUE = 80  # characters of one value that a message repeats
# what is shorter in an address (page=2) is no secret, and without it no text could be read
SHORTEST_SECRET_VALUE = 4
_HIDDEN = "***"


@dataclass(frozen=True)
class Redaction:
    """Takes secrets out of texts, in whatever usual way they are spelt."""

    secrets: frozenset[str] = field(default=frozenset(), repr=False)

    def also(self, secrets: Iterable[str]) -> Redaction:
        return Redaction(self.secrets.union(secrets))

    @cached_property
    def longest_spelling(self) -> int:
        """Characters of the longest way to spell any of the secrets."""
        return max((_LONGEST_SPELLING * len(secret) for secret in self.secrets), default=0)

    @cached_property
    def pattern(self) -> re.Pattern[str] | None:
        # the longest first: a secret may be a part of another
        spellings = sorted(self.spellings, key=len, reverse=True)
        return re.compile("|".join(spellings), re.IGNORECASE) if spellings else None

    @cached_property
    def spellings(self) -> list[str]:
        return [s for secret in self.secrets - {""} for s in _spellings(secret)]

    @cached_property
    def _patterns_in_lower_case(self) -> list[re.Pattern[str]]:
        return [re.compile(spelling.lower()) for spelling in self.spellings]

    def is_in(self, text: str) -> bool:
        """Whether the text holds any of the secrets.

        Every answer is searched whole: one spelling after another, in lower case, takes a sixth of
        the time of `pattern`.
        """
        lower = text.lower()
        return any(pattern.search(lower) for pattern in self._patterns_in_lower_case)

    def redacted(self, text: str) -> str:
        """The text without any of the secrets."""
        return self.pattern.sub(_HIDDEN, text) if self.pattern is not None else text

    def shown(self, text: str) -> str:
        """The text redacted, without what no terminal or database takes, and of limited length.

        Its end is kept, because messages end with the remedy.
        """
        text = printable(self.redacted(text))
        if len(text) <= LONGEST_TEXT:
            return text
        end = LONGEST_TEXT // 4
        return f"{text[: LONGEST_TEXT - end]} ... {text[-end:]}"


def printable(text: str) -> str:
    """The text with each lone surrogate, control character and line break as a blank or a mark."""
    text = text.encode("utf-8", "replace").decode("utf-8")
    return "".join(c if c.isprintable() else " " for c in text)


def value_shown(value: object) -> str:
    """A value from outside as a message repeats it: in quotes, of limited length.

    For answers that have been found not to repeat the key.
    """
    # cut before repr, which would write out all of a large value
    text = repr(value[: LONGEST_VALUE + 1]) if isinstance(value, str) else repr(value)
    return printable(text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}...")


def is_address(place: str) -> bool:
    """Whether a place is an address (of any scheme, in any case) rather than a path."""
    return re.match(r"\s*[A-Za-z][A-Za-z0-9+.-]*://", place) is not None


def shown_place(place: str) -> str:
    """A path or an address without the parts that may hold a secret."""
    if not is_address(place):
        # perhaps an address whose scheme was forgotten
        return printable(re.sub(r"^[^/]*@", "", re.split(r"[?#]", place)[0]))
    scheme = place.strip().partition("://")[0].lower()
    try:
        parts = urlsplit(place.strip())
        port = f":{parts.port}" if parts.port else ""
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
        return printable(f"{scheme}://{host}{port}{parts.path}")
    except ValueError:
        return f"{scheme}://(an address that cannot be read)"


def secrets_of(address: str) -> set[str]:
    """The parts of an address that may be secret: user and password, the query and its values."""
    place, *queries = re.split(r"[?#]", address, maxsplit=1)
    query = "".join(queries)
    authority = (place.partition("://")[2] or place).partition("/")[0]
    user = authority.rpartition("@")[0]
    values = [user, user.partition(":")[2], query]
    for piece in re.split(r"[&;#]", query):
        name, equals, value = piece.partition("=")
        values.append(value if equals else name)
    values += [unquote_plus(value) for value in values]
    return {value for value in values if len(value) >= SHORTEST_SECRET_VALUE}


# ---- spellings -----------------------------------------------------------------------------------

_LONGEST_SPELLING = 12  # characters of one character, as in &#x0000061;


def _spellings(secret: str) -> list[str]:
    """Patterns for a secret: its characters in any mixture of escapes, in base64 and in hex."""
    raw = secret.encode("utf-8", "surrogateescape")
    return ["".join(map(_any_escape, secret)), *_base64(raw), raw.hex()]


def _any_escape(character: str) -> str:
    """A character as it is, percent-encoded (once or twice), and as JSON and HTML escape it."""
    code = ord(character)
    spelt = {character, quote(character, safe=""), html.escape(character), f"\\{character}"}
    if code < 128:
        spelt |= {f"%{code:02x}", f"%25{code:02x}"}
    escaped = [re.escape(s) for s in spelt]
    escaped += [rf"\\u{code:04x}", rf"\\x{code:02x}", rf"&#(?:x0{{0,4}}{code:x}|0{{0,4}}{code});"]
    return f"(?:{'|'.join(escaped)})"


def _base64(raw: bytes) -> list[str]:
    """The characters that a secret gives in base64, wherever in an encoded text it stands."""
    patterns = []
    for before in range(3):
        encoded = b64encode(bytes(before) + raw).decode()
        whole = encoded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6]
        # a short piece would be found everywhere
        if len(whole) >= 2 * SHORTEST_SECRET_VALUE:
            patterns.append(re.escape(whole).replace(r"\+", "[+-]").replace("/", "[/_]"))
    return patterns
