"""Lines of the terminal: broken between words, never inside a number, a name or a path.

Widths are counted in columns of the terminal, of which a Chinese character takes two.
"""

from __future__ import annotations

from rich.cells import cell_len

LINE_WIDTH = 80
_GLUE = "\N{NO-BREAK SPACE}"


def whole(text: object) -> str:
    """A name, a path or a number with its unit, whose blanks are no place to break a line."""
    return str(text).replace(" ", _GLUE)


def wrapped(text: str, indent: int = 0, width: int = LINE_WIDTH) -> list[str]:
    """The lines of `text`, each after the first indented; the first begins at column `indent`.

    A word that does not fit into a line with its indent stands alone on one without, however long
    it is.
    """
    lines, current = [], ""
    for word in filter(None, text.split(" ")):
        longer = f"{current} {word}" if current else word
        if indent + cell_len(longer) <= width:
            current = longer
            continue
        lines += [" " * indent + current] if current else []
        fits = indent + cell_len(word) <= width
        lines += [] if fits else [word]
        current = word if fits else ""
    lines += [" " * indent + current] if current else []
    return [line.replace(_GLUE, " ") for line in lines]
