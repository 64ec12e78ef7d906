"""What is never said or kept: the key in whatever spelling, and what addresses may hold."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.landing.layout import LandingError
from orchestration.sources.live.archives import fill_with_baci
from orchestration.sources.live.downloads import download
from orchestration.sources.live.errors import ServiceError
from orchestration.sources.live.redaction import (
    LONGEST_TEXT,
    Redaction,
    secrets_of,
    shown_place,
    value_shown,
)
from orchestration.sources.live.transport import Transport
from tests.support.desk import Desk
from tests.support.few_examples import FEW_EXAMPLES
from tests.support.publishers_server import KEY, Fault, PublishersServer, answers
from tests.support.raw_server import RawServer, response

ODD_KEY = "a/b+c=d&\"e'<f>\\g%h~0123456789"
SPELLINGS = {
    "plain": lambda key: key,
    "upper case": str.upper,
    "percent-encoded": lambda key: quote(key, safe=""),
    "percent-encoded twice": lambda key: quote(quote(key, safe=""), safe=""),
    "every character percent-encoded": lambda key: "".join(f"%{ord(c):02X}" for c in key),
    "escaped as JSON": lambda key: json.dumps(key)[1:-1],
    "escaped as JSON, every character": lambda key: "".join(f"\\u{ord(c):04X}" for c in key),
    "escaped as HTML": lambda key: "".join(f"&#{ord(c)};" for c in key),
    "escaped as HTML, hexadecimal": lambda key: "".join(f"&#x{ord(c):02X};" for c in key),
    "hexadecimal": lambda key: key.encode().hex(),
    "base64": lambda key: base64.b64encode(key.encode()).decode(),
    "base64 behind a user": lambda key: base64.b64encode(b"user:" + key.encode()).decode(),
    "base64 for addresses": lambda key: base64.urlsafe_b64encode(b"ab" + key.encode()).decode(),
}


def pieces_of(secret: str) -> set[str]:
    """What may not be left of a secret: any eight of its characters in a row."""
    return {secret[i : i + 8] for i in range(len(secret) - 7)}


@pytest.fixture
def raw() -> Iterator[RawServer]:
    with RawServer() as server:
        yield server


@pytest.mark.parametrize("key", [KEY, ODD_KEY], ids=["hexadecimal", "odd"])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_key_is_taken_out_in_every_usual_spelling(spelling: str, key: str) -> None:
    spelt = SPELLINGS[spelling](key)
    redacted = Redaction(frozenset({key})).redacted(f"before {spelt} after")
    # of base64, what comes before and after the key may remain with the characters that mix both
    assert not any(piece in redacted for piece in pieces_of(spelt)), redacted
    assert redacted.startswith("before ")
    assert redacted.endswith(" after")


@given(
    before=st.text(alphabet="ab &%\\x0123", max_size=1200),
    after=st.text(alphabet="ab &%\\x0123", max_size=1200),
)
@FEW_EXAMPLES
def test_no_cut_leaves_a_part_of_the_key(before: str, after: str) -> None:
    shown = Redaction(frozenset({"SECRETSECRET"})).shown(f"{before}SECRETSECRET{after}")
    assert "SECR" not in shown
    assert "CRET" not in shown
    assert len(shown) <= LONGEST_TEXT + 5


@pytest.mark.parametrize("place", range(250, 302, 4))
def test_an_error_whose_cut_falls_inside_the_key_leaks_nothing_of_it(
    place: int, raw: RawServer, tmp_path: Path
) -> None:
    raw.scripts = [raw.sends(response(b"x" * place + KEY.encode() + b"y" * 300, "400 Bad"))]
    connection = Transport("A service", raw.url, secret=KEY)
    with pytest.raises(ServiceError) as raised:
        connection.fetch(raw.url + "/get", tmp_path / "answer", Path.exists)
    connection.close()
    assert not any(piece in str(raised.value) for piece in pieces_of(KEY))


def test_an_error_that_is_read_only_up_to_the_middle_of_the_key_leaks_nothing_of_it(
    raw: RawServer, tmp_path: Path
) -> None:
    spelt = "".join(f"\\u{ord(c):04x}" for c in KEY)
    said: list[str] = []
    connection = Transport("A service", raw.url, said.append, secret=KEY, attempts=1)
    # blanks are left out of a message, so that its end is what stands at the end of what is read
    for read in range(0, len(spelt), 16):
        body = b" " * ((1 << 14) - read) + spelt.encode() + b" and more" * 1000
        raw.scripts = [raw.sends(response(body, "400 Bad"))]
        with pytest.raises(ServiceError) as raised:
            connection.fetch(raw.url + "/get", tmp_path / "answer", Path.exists)
        assert "\\u00" not in str(raised.value)
    connection.close()


def test_the_key_is_nowhere_after_a_refresh_whose_errors_repeat_it(
    desk: Desk, server: PublishersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.only("trade", monkeypatch)
    body = "x" * 273 + KEY + " is wrong"
    server.faults = [Fault("partnerCode=0,156&", answers(400, body), times=9)]
    told = desk.refresh()
    kept = [told, *desk.said, (desk.folder / "landing" / "manifest.json").read_text()]
    assert "x" * 273 in told
    assert not any(piece in text for text in kept for piece in pieces_of(KEY))


PLACES = {
    "https://host.org/a/x.zip": "https://host.org/a/x.zip",
    "Https://Host.org/x.zip?token=geheim": "https://host.org/x.zip",
    "HTTPS://anna:geheim@host.org:444/x.zip#geheim": "https://host.org:444/x.zip",
    " https://host.org/x.zip?token=geheim": "https://host.org/x.zip",
    "https://geheim@[::1]:8/x": "https://[::1]:8/x",
    "https://[::1?token=geheim": "https://(an address that cannot be read)",
    "https://host:port/x?geheim": "https://(an address that cannot be read)",
    "ftp://anna:geheim@host.org/x.zip": "ftp://host.org/x.zip",
    "s3://bucket/x.zip?token=geheim": "s3://bucket/x.zip",
    "host.org/x.zip?token=geheim": "host.org/x.zip",
    "anna:geheim@host.org/x.zip": "host.org/x.zip",
    "/data/anna/x.zip": "/data/anna/x.zip",
    "": "",
}


@pytest.mark.parametrize("place", PLACES)
def test_of_an_address_only_scheme_host_and_path_are_shown(place: str) -> None:
    assert shown_place(place) == PLACES[place]


@given(st.text(max_size=60))
@FEW_EXAMPLES
def test_whatever_stands_behind_a_question_mark_is_never_shown(text: str) -> None:
    for scheme in ("https://host.org/x.zip?", "hTTp://anna:pw@host.org/x.zip?", "x.zip?"):
        assert "geheimnis" not in shown_place(f"{scheme}{text}geheimnis")
        assert any("geheimnis" in secret for secret in secrets_of(f"{scheme}{text}geheimnis"))


@pytest.mark.parametrize(
    "address",
    [
        "{url}/x.zip?token=geheimnis",
        "{upper}/x.zip?geheimnis",
        "{user}/x.zip",
        "ftp://h/x?geheimnis",
    ],
)
def test_no_message_manifest_or_log_holds_the_secret_of_an_address(
    address: str, desk: Desk, raw: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    place = address.format(
        url=raw.url,
        upper=raw.url.replace("http", "HTTP"),
        user=raw.url.replace("http://", "http://anna:geheimnis@"),
    )
    manifest = desk.manifest
    # the server repeats what it was asked; the other time it sends what is no zip
    for status, body in (
        ("403 No", b"/x.zip?token=geheimnis, geheimnis, GEHEIMNIS"),
        ("200 OK", b"x"),
    ):
        raw.scripts = [raw.sends(response(body, status))]
        left_out = fill_with_baci(
            manifest, desk.settings(LCT_BACI=place), desk.said.append, sleep=desk.time.sleep
        )
        assert left_out
        manifest.left_out = left_out
        manifest.write()
    texts = [*desk.said, caplog.text, (desk.folder / "landing" / "manifest.json").read_text()]
    assert not any("geheimnis" in text.lower() for text in texts)


def test_a_redirect_takes_the_secret_of_its_address_along(raw: RawServer, tmp_path: Path) -> None:
    raw.scripts = [
        raw.sends(response(b"", "302 Found", ["Location: /y.zip?signature=geheimnis"])),
        raw.sends(response(b"not signed by geheimnis", "403 No")),
    ]
    connection = Transport("A service", raw.url)
    with pytest.raises(ServiceError, match=r"not signed by \*\*\*"):
        download(connection, f"{raw.url}/x.zip", tmp_path / "x.zip")
    connection.close()


def test_the_libraries_below_log_no_address(
    raw: RawServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    raw.scripts = [raw.sends(response(b"[]"))]
    connection = Transport("A service", raw.url, secret="not-to-be-told")
    connection.fetch(f"{raw.url}/get?a=geheimnis", tmp_path / "answer", Path.exists)
    connection.close()
    assert "geheimnis" not in caplog.text
    assert "not-to-be-told" not in caplog.text


@given(st.recursive(st.text() | st.integers() | st.none(), st.lists))
@FEW_EXAMPLES
def test_a_value_in_a_message_is_short_and_can_be_written_anywhere(value: object) -> None:
    shown = value_shown(value)
    assert len(shown) <= 90
    assert shown.encode("utf-8").decode().isprintable()


def test_a_message_keeps_its_beginning_and_its_remedy() -> None:
    shown = Redaction().shown(f"file x:\n{'long ' * 9000}\ud800 \x1b[31m Land it again.")
    assert shown.startswith("file x: long")
    assert shown.endswith("Land it again.")
    assert shown.isprintable()


def test_an_odd_place_is_refused_in_a_sentence(desk: Desk) -> None:
    for place in ("a\0b", "x" * 5000, "~nobody-of-this-name/x.zip", "https://", "https://[::1"):
        [refused] = fill_with_baci(desk.manifest, desk.settings(LCT_BACI=place), desk.said.append)
        assert refused.reason.startswith("LCT_BACI=")
        assert "Give" in refused.reason


def test_landing_errors_are_redacted_too(raw: RawServer, tmp_path: Path) -> None:
    def refuses(_: Path) -> None:
        raise LandingError("the key is " + KEY.upper())

    raw.scripts = [raw.sends(response(b"[]"))]
    connection = Transport("A service", raw.url, secret=KEY)
    with pytest.raises(LandingError, match=r"^the key is \*\*\*$"):
        connection.fetch(f"{raw.url}/get", tmp_path / "answer", refuses)
    connection.close()
