"""entities.svg: which column of which table refers to which other table.

Tables that refer to others stand on the left, the tables they refer to on the right; the drawing
depends on nothing but the names.
"""

from __future__ import annotations

from html import escape

from orchestration.publishing.lineage import Reference
from orchestration.publishing.metadata.description import Description, Table

LINE, PADDING, GAP = 18, 6, 14
CHARACTER = 7.3  # the width of a character of the font at its size
LEFT, DISTANCE, TOP = 20, 220, 64
INK, PAPER, HEAD = "#1b2733", "#ffffff", "#e3ebf2"
# told apart in black and white by the dashes
LINES = (("#0b5394", ""), ("#a64d00", "7 4"), ("#38761d", "2 3"), ("#741b47", "9 3 2 3"))
STYLE = "font:12px ui-monospace,Menlo,Consolas,monospace"


def diagram(description: Description) -> str:
    """The drawing as SVG."""
    referring = [
        (table, references)
        for table in description.tables
        if (references := [r for r in table.references if description.table(r.table)])
    ]
    referred = sorted({r.table for _, references in referring for r in references})
    fields = {r.table: r.field for _, references in referring for r in references}
    width_left = _width(
        [t.name for t, _ in referring] + [r.column for _, rs in referring for r in rs]
    )
    width_right = _width([*referred, *fields.values()])
    right = LEFT + width_left + DISTANCE
    heights = [_height(len(references)) for _, references in referring]
    height = TOP + sum(heights) + GAP * max(len(heights), 1)
    places = {
        name: TOP + (height - TOP) * (2 * n + 1) / (2 * len(referred)) - _height(1) / 2
        for n, name in enumerate(referred)
    }
    boxes, edges, top = [], [], float(TOP)
    for (table, references), box_height in zip(referring, heights, strict=True):
        boxes.append(_box(LEFT, top, width_left, table.name, _columns(table, references)))
        for n, reference in enumerate(references):
            start = (LEFT + width_left, _middle_of_line(top, n))
            end = (right, _middle_of_line(places[reference.table], 0))
            edges.append(_edge(start, end, referred.index(reference.table)))
        top += box_height + GAP
    boxes += [
        _box(right, places[name], width_right, name, [f"{fields[name]} (key)"]) for name in referred
    ]
    title = f"Entities of {description.title}, publication {description.number}"
    return _drawing(title, description.notice, right + width_right + LEFT, height, [*edges, *boxes])


def _drawing(title: str, notice: str, width: float, height: float, parts: list[str]) -> str:
    warning = (
        f'<text x="{LEFT}" y="46" style="{STYLE};font-weight:bold" fill="#a40000">'
        f"{escape(notice)}</text>"
        if notice
        else ""
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" '
            f'width="{width:.0f}" height="{height:.0f}" role="img" aria-labelledby="entities">',
            f'<title id="entities">{escape(title)}</title>',
            f'<rect width="100%" height="100%" fill="{PAPER}"/>',
            f'<text x="{LEFT}" y="26" style="{STYLE};font-weight:bold" fill="{INK}">'
            f"{escape(title)}</text>{warning}",
            *parts,
            "</svg>\n",
        ]
    )


def _columns(table: Table, references: list[Reference]) -> list[str]:
    return [f"{r.column} (key)" if (r.column,) == table.key else r.column for r in references]


def _width(texts: list[str]) -> float:
    return max((len(text) + 6 for text in texts), default=20) * CHARACTER + 2 * PADDING


def _height(lines: int) -> float:
    return (lines + 1) * LINE + 2 * PADDING


def _middle_of_line(top: float, line: int) -> float:
    return top + PADDING + (line + 1.5) * LINE


def _box(left: float, top: float, width: float, name: str, columns: list[str]) -> str:
    rows = "".join(
        f'<text x="{left + PADDING:.1f}" y="{_middle_of_line(top, n) + 4:.1f}" style="{STYLE}" '
        f'fill="{INK}">{escape(column)}</text>'
        for n, column in enumerate(columns)
    )
    return (
        f'<g><rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" '
        f'height="{_height(len(columns)):.1f}" fill="{PAPER}" stroke="{INK}"/>'
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{LINE + PADDING}" '
        f'fill="{HEAD}" stroke="{INK}"/>'
        f'<text x="{left + PADDING:.1f}" y="{top + PADDING + LINE / 2 + 3:.1f}" '
        f'style="{STYLE};font-weight:bold" fill="{INK}">{escape(name)}</text>{rows}</g>'
    )


def _edge(start: tuple[float, float], end: tuple[float, float], kind: int) -> str:
    (x1, y1), (x2, y2) = start, end
    bend = (x2 - x1) / 2
    color, dashes = LINES[kind % len(LINES)]
    return (
        f'<path d="M{x1:.1f},{y1:.1f} C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} '
        f'{x2:.1f},{y2:.1f}" fill="none" stroke="{color}" stroke-width="1.3" '
        f'stroke-dasharray="{dashes}"/>'
    )
