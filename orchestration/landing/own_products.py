"""The user's own list of low-carbon products (LCT_LOW_CARBON_PRODUCTS) and how it is read."""

from __future__ import annotations

import csv
import re
from pathlib import Path

from orchestration.landing.layout import LandingError

OWN_PRODUCT_COLUMNS = (
    "product_code",
    "list_revision",
    "description",
    "sector",
    "technology",
    "is_dual_use",
    "evidence_note",
)


def read_own_products(path: Path) -> list[tuple]:
    if not path.is_file():
        raise LandingError(f"LCT_LOW_CARBON_PRODUCTS={path}: no such file.")
    with open(path, newline="", encoding="utf-8-sig") as handle:
        reader = csv.DictReader(handle)
        missing = [
            c
            for c in ("product_code", "sector", "technology")
            if c not in (reader.fieldnames or [])
        ]
        if missing:
            raise LandingError(
                f"{path}: missing column(s) {', '.join(missing)}. "
                "A list needs product_code, sector and technology."
            )
        rows: dict[str, tuple] = {}
        for number, row in enumerate(reader, 1):
            code = (row["product_code"] or "").strip()
            if not re.fullmatch(r"\d{6}", code):
                raise LandingError(
                    f"{path}: row {number}, column product_code: {code!r} is not six digits "
                    "(leading zeros may have been lost)."
                )
            if code in rows:
                raise LandingError(
                    f"{path}: row {number}, column product_code: {code} appears twice. "
                    "A product has one sector and one technology."
                )
            blank = [c for c in ("sector", "technology") if not (row[c] or "").strip()]
            if blank:
                raise LandingError(
                    f"{path}: row {number}, column {blank[0]}: blank where a value is needed."
                )
            dual = (row.get("is_dual_use") or "false").strip().lower()
            if dual not in ("true", "false", "1", "0"):
                raise LandingError(
                    f"{path}: row {number}, column is_dual_use: {dual!r} is neither true nor false."
                )
            text = {c: (row.get(c) or "").strip() for c in OWN_PRODUCT_COLUMNS}
            rows[code] = (
                code,
                text["list_revision"] or "H5",
                text["description"] or code,
                text["sector"],
                text["technology"],
                dual in ("true", "1"),
                text["evidence_note"],
            )
    if not rows:
        raise LandingError(
            f"{path}: no products. Leave LCT_LOW_CARBON_PRODUCTS empty to use the report's list."
        )
    return list(rows.values())
