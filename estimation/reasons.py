"""Reasons as codes with their values, and the words that make sentences of them.

Code gives a `Reason`: why there are no estimates, what a comparison can say, how a table is
labelled. The sentences, English and Chinese, are rows of a table of words that the caller brings
along as `Words`; no sentence that a reader sees is written in this package.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

LANGUAGES = ("en", "zh")
SEPARATOR = "; "  # between the sentences of a list of reasons, in both languages


@dataclass(frozen=True)
class Reason:
    """A sentence as data: which one (`family`, `code`) and what fills its {placeholders}.

    A parameter is text, a number, a reason, or a sequence of reasons.
    """

    family: str
    code: str
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def parameters_as_json(self) -> str:
        """The parameters as text, to be kept beside the code."""
        return json.dumps(asdict(self)["parameters"])

    @classmethod
    def from_json(cls, family: str, code: str, parameters: str) -> Reason:
        """The reason whose `parameters_as_json` was kept."""

        def nested(value: dict) -> Reason | dict:
            return cls(**value) if value.keys() == {"family", "code", "parameters"} else value

        return cls(family, code, json.loads(parameters, object_hook=nested))


def because(family: str, code: str, **parameters: Any) -> Reason:
    """A reason; family and code are written out where it is called, so that a test finds them."""
    return Reason(family, code, parameters)


@dataclass(frozen=True)
class NotEstimable:
    """That a specification has no estimates on the data at hand, and why."""

    reason: Reason


@dataclass(frozen=True)
class Words:
    """The sentence of every family and code in each of `LANGUAGES`, with its {placeholders}."""

    sentences: Mapping[tuple[str, str], tuple[str, str]]

    @classmethod
    def from_rows(cls, rows: Iterable[Mapping[str, str]]) -> Words:
        """From rows of family, code, text_en and text_zh."""
        return cls({(r["family"], r["code"]): (r["text_en"], r["text_zh"]) for r in rows})

    def text(self, reason: Reason | Sequence[Reason], language: str = "en") -> str:
        """The sentence of a reason, or the sentences of several joined by a semicolon.

        Raises LookupError for a reason that has no words or lacks a placeholder's value.
        """
        if not isinstance(reason, Reason):
            return SEPARATOR.join(self.text(each, language) for each in reason)
        where = f"{reason.family}, {reason.code}"
        if (reason.family, reason.code) not in self.sentences:
            raise LookupError(f"no words for {where}: add the row to seeds/labels/reasons.csv")
        sentence = self.sentences[reason.family, reason.code][LANGUAGES.index(language)]
        values = {
            name: value if isinstance(value, str | int | float) else self.text(value, language)
            for name, value in reason.parameters.items()
        }
        try:
            return sentence.format(**values)
        except KeyError as missing:
            raise LookupError(
                f"the words of {where} ({language}) use {missing}, which the reason does not "
                "give: correct the row of seeds/labels/reasons.csv"
            ) from None
