"""The mark by which the demo's files say in their own data that every number is invented.

Every table of theirs ends in a column `synthetic` (publishers add columns, and readers ignore those
they do not know); descriptions of products and indicators end in "(invented)" as well, so that
these tables are known even without that column. Both remain when a file is renamed, packed in
another way, split, sorted, or saved again by a spreadsheet. Marked files land as the demo's and
under no other origin, and the demo's files are always marked.
"""

from __future__ import annotations

from orchestration.durable import sql_name, sql_text
from orchestration.landing.layout import LandedTable, LandingError

MARK_COLUMN = "synthetic"
MARK_VALUE = "1"
INVENTED = "(invented)"


def has_mark(table: LandedTable) -> bool:
    """Whether the table has the column that marks synthetic ones."""
    return MARK_COLUMN in (name.strip().lower() for name in table.header)


def check_mark(table: LandedTable, is_synthetic: bool) -> None:
    """Raise LandingError for a marked table that is to land as real, or the reverse."""
    if has_mark(table) and not is_synthetic:
        raise LandingError(refusal(table.label))
    if is_synthetic and not has_mark(table):
        raise LandingError(
            f"{table.label}: no column {MARK_COLUMN}, so it is not a file of the synthetic demo "
            "and cannot land as one. Land it with SOURCE=files LANDING=folder."
        )


def says_invented(table: LandedTable) -> str:
    """The SQL condition over a landed row for text that says that its numbers are invented."""
    texts = [sql_name(c.name) for c in table.layout.columns if c.kind == "text"]
    return " or ".join(f"contains({t}, {sql_text(INVENTED)})" for t in texts) or "false"


def refusal(label: str) -> str:
    """Why a synthetic file does not land as real, and what to do."""
    return (
        f"{label}: a file of the synthetic demo, in which every number is invented; "
        "it cannot land as real data. "
        "Use SOURCE=demo for the demo, or take the file from its publisher."
    )
