"""BACI (CEPII): reconciled bilateral trade in yearly files, and its list of economy codes."""

from __future__ import annotations

import re

from orchestration.durable import sql_text
from orchestration.landing.layout import (
    Author,
    Column,
    FileDetails,
    LandedTable,
    LandingError,
    Layout,
    Publisher,
    RawColumn,
    Reference,
    Terms,
    needed_column,
)

_FILE_NAME = re.compile(r"BACI_HS(\d\d)_Y(\d{4})_V(\d{6}\w?)", re.IGNORECASE | re.ASCII)

# the HS revision of BACI's file names by the year the revision came into force
BACI_REVISIONS = {
    "92": "H0",
    "96": "H1",
    "02": "H2",
    "07": "H3",
    "12": "H4",
    "17": "H5",
    "22": "H6",
}


def _recognise_trade(names: frozenset[str], label: str) -> bool:
    return {"t", "i", "j", "k"} <= names or _FILE_NAME.search(label) is not None


def _recognise_economies(names: frozenset[str], _label: str) -> bool:
    return {"country_code", "country_iso3"} <= names


def _details(label: str) -> FileDetails:
    """The HS revision and the release, which are given in a file's name and nowhere else."""
    match = _FILE_NAME.search(label.rpartition("!")[2])
    if not match:
        raise LandingError(
            f"{label}: a BACI file must keep its published name BACI_HSxx_Yyyyy_Vyyyymm.csv; "
            "the HS revision and the release are given nowhere else. "
            "Rename it as published and land it again."
        )
    if match[1] not in BACI_REVISIONS:
        raise LandingError(
            f"{label}: HS{match[1]} is not an HS revision; known: {', '.join(BACI_REVISIONS)}."
        )
    return FileDetails(BACI_REVISIONS[match[1]], match[3])


def _rows_with_details(table: LandedTable) -> str:
    return (
        f"(select *, {sql_text(table.hs_revision)} as hs_revision, "
        f"{sql_text(table.release)} as baci_release from landed_rows)"
    )


BACI_TRADE = Layout(
    name="baci_trade",
    description="BACI yearly files: thousand USD and tonnes.",
    columns=(
        needed_column("t", "year"),
        needed_column("i", "integer"),
        needed_column("j", "integer"),
        needed_column("k", "hs6_code"),
        needed_column("v", "thousands"),
        needed_column("q", "thousands", blank_allowed=True),
    ),
    recognise=_recognise_trade,
    missing_remedy="Take the yearly file as CEPII publishes it: t,i,j,k,v,q.",
    newlines_in_values=False,
    details=_details,
    year_column="t",
    sorted_by=("cast(k as integer)", "i", "j"),
    key_in_file=("t",),
    raw_columns=(
        RawColumn("t", "smallint"),
        RawColumn("i", "integer"),
        RawColumn("j", "integer"),
        RawColumn("k", expression="lpad(trim(k), 6, '0')"),
        RawColumn("v", "decimal(18, 3)"),
        RawColumn("q", "decimal(18, 3)"),
        RawColumn("hs_revision"),
        RawColumn("baci_release"),
    ),
    raw_rows=_rows_with_details,
    counted_by=("hs_revision", "baci_release"),
    summed="v",
)

BACI_ECONOMIES = Layout(
    name="baci_economies",
    description="BACI's country codes.",
    columns=(
        needed_column("country_code", "integer"),
        needed_column("country_name"),
        Column("country_iso2"),
        Column("country_iso3"),
    ),
    recognise=_recognise_economies,
    newlines_in_values=False,
    key_in_file=("country_code",),
)

PUBLISHER = Publisher(
    name="baci",
    title="BACI",
    layouts=(BACI_TRADE, BACI_ECONOMIES),
    terms=Terms(
        "Etalab Open Licence 2.0",
        "etalab-2.0",
        "https://github.com/etalab/licence-ouverte/blob/master/open-licence.md",
    ),
    reference=Reference(
        "BACI: International Trade Database at the Product-Level. The 1994-2007 Version",
        (Author("Gaulier", "Guillaume"), Author("Zignago", "Soledad")),
        2010,
        "CEPII",
        "Working Paper 2010-23",
    ),
    address="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=37",
    access="cepii.fr, no key",
)
