"""The registry of publishers: one module each, which knows landing/layout.py alone.

Adding a publisher is adding its module here (docs/landing.md, "How to add a publisher").
"""

from orchestration.landing.layout import Layout, Page, Publisher, UnknownLayoutError
from orchestration.landing.publishers import baci, cepii, comtrade, world_bank
from orchestration.messages import listed

PUBLISHERS: dict[str, Publisher] = {
    publisher.name: publisher
    for publisher in (
        comtrade.PUBLISHER,
        baci.PUBLISHER,
        world_bank.PUBLISHER,
        cepii.PUBLISHER,
    )
}
LAYOUTS: dict[str, Layout] = {
    layout.name: layout for publisher in PUBLISHERS.values() for layout in publisher.layouts
}
PUBLISHER_OF: dict[str, Publisher] = {
    layout.name: publisher for publisher in PUBLISHERS.values() for layout in publisher.layouts
}
TITLES = ", ".join(publisher.title for publisher in PUBLISHERS.values())


def recognise(header: list[str], label: str) -> Layout:
    """The layout of a table with these column names.

    Raises UnknownLayoutError if no publisher has one like it.
    """
    names = frozenset(h.strip().lower() for h in header)
    for layout in LAYOUTS.values():
        if layout.recognise(names, label):
            return layout
    raise UnknownLayoutError(
        f"{label}: not a file this warehouse knows "
        f"(columns: {listed(*header[:8])}{' ...' if len(header) > 8 else ''}). "
        f"It knows files of {TITLES}."
    )


def rows_of_answer(label: str, answer: object) -> list[dict]:
    """The rows of a JSON answer, by column name, as the publisher whose answer it is reads it.

    Raises UnknownLayoutError if it is no publisher's, LandingError if it cannot be used.
    """
    for publisher in PUBLISHERS.values():
        rows = publisher.rows_of_answer(label, answer)
        if rows is not None:
            return rows
    raise UnknownLayoutError(f"{label}: JSON, but not an answer from a known publisher ({TITLES}).")


def page_of_answer(answer: object) -> Page | None:
    """Which page of how many a JSON answer is, None if it says nothing of pages.

    Raises ValueError if what it says are no numbers.
    """
    pages = (publisher.page_of_answer(answer) for publisher in PUBLISHERS.values())
    return next((page for page in pages if page), None)
