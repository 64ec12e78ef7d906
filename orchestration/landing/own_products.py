"""The user's own list of low-carbon products (LCT_LOW_CARBON_PRODUCTS) and how it is read."""

from __future__ import annotations

import codecs
import csv
import io
import re
from pathlib import Path

from orchestration.landing.layout import LandingError
from orchestration.messages import shown

OWN_PRODUCT_COLUMNS = (
    "product_code",
    "list_revision",
    "description",
    "sector",
    "technology",
    "is_dual_use",
    "evidence_note",
)
NEEDED = ("product_code", "sector", "technology")
SAVE_AS = "Save the list as CSV in UTF-8 (in Excel: CSV UTF-8)."
# control characters, line breaks, and (as surrogates) bytes that are not UTF-8
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read_own_products(path: Path) -> list[tuple]:
    """The products of the list at `path`: values in the order of OWN_PRODUCT_COLUMNS.

    A CSV in UTF-8, with or without byte-order mark, separated by commas or semicolons. Raises
    LandingError, naming the file, row and column of what cannot be used, and the remedy. Rows are
    counted from 1 below the header.
    """
    header, *rows = _table(path)
    products: dict[str, tuple] = {}
    for number, cells in enumerate(rows, 1):
        product = _product(f"{path}: row {number}", dict(zip(header, cells, strict=True)))
        if product[0] in products:
            raise LandingError(
                f"{path}: row {number}, column product_code: {product[0]} appears twice. "
                "A product has one sector and one technology."
            )
        products[product[0]] = product
    if not products:
        raise LandingError(
            f"{path}: no products. Leave LCT_LOW_CARBON_PRODUCTS empty to use the report's list."
        )
    return list(products.values())


def _table(path: Path) -> list[list[str]]:
    """The header and the rows, each with as many fields; blank lines are left out."""
    lines = io.StringIO(_text(path), newline="").readlines() or [""]
    delimiter = ";" if lines[0].count(";") > lines[0].count(",") else ","
    table: list[list[str]] = []
    try:
        for cells in filter(None, csv.reader(lines, delimiter=delimiter, strict=True)):
            table.append(cells)
    except csv.Error as error:
        raise LandingError(
            f"{path}: row {len(table)}: not a CSV ({error}). Look for a quote that is not closed."
        ) from None
    if not table:
        raise LandingError(f"{path}: the file is empty. A list needs {', '.join(NEEDED)}.")
    _check_header(path, table[0])
    for number, cells in enumerate(table[1:], 1):
        if len(cells) != len(table[0]):
            raise LandingError(
                f"{path}: row {number}: {len(cells)} fields where the header has {len(table[0])}. "
                f"Put quotes around a text that holds {shown(delimiter)}."
            )
    return table


def _text(path: Path) -> str:
    """The text of the file; bytes that are not UTF-8 stand in it as lone surrogates."""
    if not path.is_file():
        raise LandingError(f"LCT_LOW_CARBON_PRODUCTS={path}: no such file.")
    try:
        body = path.read_bytes()
    except OSError as error:
        raise LandingError(
            f"LCT_LOW_CARBON_PRODUCTS={path}: cannot be read ({error.strerror})."
        ) from None
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise LandingError(f"{path}: row 1: the file is in UTF-16. {SAVE_AS}")
    return body.decode("utf-8-sig", errors="surrogateescape")


def _check_header(path: Path, header: list[str]) -> None:
    unreadable = [name for name in header if _NOT_TEXT.search(name)]
    if unreadable:
        raise LandingError(
            f"{path}: header, column {shown(unreadable[0])}: not plain text in UTF-8. {SAVE_AS}"
        )
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise LandingError(
            f"{path}: missing column(s) {', '.join(missing)}. "
            "A list needs product_code, sector and technology."
        )
    twice = [name for name in OWN_PRODUCT_COLUMNS if header.count(name) > 1]
    if twice:
        raise LandingError(f"{path}: column {twice[0]} appears twice. Remove one of them.")


def _product(place: str, row: dict[str, str]) -> tuple:
    for column, value in row.items():
        if _NOT_TEXT.search(value):
            raise LandingError(
                f"{place}, column {column}: {shown(value)} holds a line break, another control "
                f"character or bytes that are not UTF-8. Write it in one line. {SAVE_AS}"
            )
    text = {column: row.get(column, "").strip() for column in OWN_PRODUCT_COLUMNS}
    if not re.fullmatch(r"[0-9]{6}", text["product_code"]):
        raise LandingError(
            f"{place}, column product_code: {shown(text['product_code'])} is not six digits "
            "(leading zeros may have been lost)."
        )
    blank = [column for column in ("sector", "technology") if not text[column]]
    if blank:
        raise LandingError(f"{place}, column {blank[0]}: blank where a value is needed.")
    dual = text["is_dual_use"].lower() or "false"
    if dual not in ("true", "false", "1", "0"):
        raise LandingError(f"{place}, column is_dual_use: {shown(dual)} is neither true nor false.")
    return (
        text["product_code"],
        text["list_revision"] or "H5",
        text["description"] or text["product_code"],
        text["sector"],
        text["technology"],
        dual in ("true", "1"),
        text["evidence_note"],
    )
