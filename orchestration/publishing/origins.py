"""Why two publications differ: what their provenances say of what each was made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# the parts of a provenance in which each name has one value
NAMED_PARTS = ("settings", "choices", "seeds", "versions", "git")


@dataclass(frozen=True)
class Differing:
    """A part of the origin that differs: a setting, a seed, a version, by name with both values."""

    part: str
    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class OriginChange:
    """What differs between what two publications were made from.

    `files_added` and `files_gone` are landed files as provenance lists them; one that has another
    content is in both. `named` are settings, choices, seeds, versions and the git commit.
    """

    files_added: tuple[dict[str, Any], ...]
    files_gone: tuple[dict[str, Any], ...]
    named: tuple[Differing, ...]

    def of(self, part: str) -> list[Differing]:
        return [differing for differing in self.named if differing.part == part]


def compared_origins(before: Mapping[str, Any], after: Mapping[str, Any]) -> OriginChange:
    """Compare two provenances.

    A part that one of them does not have is not compared: an earlier version did not record it.
    """
    was, now = (
        {(file["file"], file["sha256"]): file for file in provenance["sources"]}
        for provenance in (before, after)
    )
    named = [
        Differing(part, name, before[part].get(name), after[part].get(name))
        for part in NAMED_PARTS
        if part in before and part in after
        for name in sorted({*before[part], *after[part]})
        if before[part].get(name) != after[part].get(name)
    ]
    return OriginChange(
        files_added=tuple(file for key, file in now.items() if key not in was),
        files_gone=tuple(file for key, file in was.items() if key not in now),
        named=tuple(named),
    )
