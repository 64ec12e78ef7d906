"""CEPII's GeoDist: distances, contiguity, languages and colonial ties of pairs of economies.

The file dist_cepii holds every pair of 224 economies in both directions, and each economy with
itself, whose distance is its internal one. Its codes are those of 2004.
"""

from __future__ import annotations

from orchestration.landing.layout import (
    MISSING_VALUES,
    Author,
    LandingError,
    Layout,
    Publisher,
    RawColumn,
    Reference,
    RunOverRows,
    Terms,
    needed_column,
)
from orchestration.messages import listed, shown

_TIES = (
    "contig",
    "comlang_off",
    "comlang_ethno",
    "colony",
    "comcol",
    "curcol",
    "col45",
    "smctry",
)
_REMEDY = "Take dist_cepii.dta or dist_cepii.xls as CEPII publishes it, or the same table as CSV."


def _recognise(names: frozenset[str], _label: str) -> bool:
    return {"iso_o", "iso_d", "contig"} <= names


def _refuse_other_ties_and_repeated_pairs(label: str, run: RunOverRows) -> None:
    for tie in _TIES:
        wrong = f"cast({tie} as double) not in (0, 1)"
        [(row, value)] = run(
            f"select min(landed_row) filter ({wrong}), arg_min({tie}, landed_row) filter ({wrong}) "
            "from landed_rows"
        )
        if row is not None:
            raise LandingError(
                f"{label}: row {row}, column {tie}: {shown(value)} where 0 or 1 is needed. "
                f"{_REMEDY}"
            )
    repeated = run(
        """
        select max(landed_row) as row, iso_o, iso_d
        from landed_rows
        group by iso_o, iso_d
        having count(*) > 1
        order by row
        limit 1
        """
    )
    for row, origin, destination in repeated:
        raise LandingError(
            f"{label}: row {row}, columns iso_o and iso_d: "
            f"{listed(origin)} and {listed(destination)} appear twice. "
            f"A pair has one distance in each direction. {_REMEDY}"
        )


CEPII_PAIRS = Layout(
    name="cepii_pairs",
    description="CEPII GeoDist: pairs of economies with distances in km and ties (0 or 1).",
    columns=(
        needed_column("iso_o"),
        needed_column("iso_d"),
        *(needed_column(tie, "integer") for tie in _TIES),
        needed_column("dist", "number"),
        needed_column("distcap", "number"),
        needed_column("distw", "number", blank_allowed=True),
        needed_column("distwces", "number", blank_allowed=True),
    ),
    recognise=_recognise,
    missing_remedy=_REMEDY,
    missing_values=(*MISSING_VALUES, "."),
    newlines_in_values=False,
    key_in_file=("iso_o", "iso_d"),
    further_check=_refuse_other_ties_and_repeated_pairs,
    raw_columns=(
        RawColumn("iso_o"),
        RawColumn("iso_d"),
        *(RawColumn(tie, "smallint") for tie in _TIES),
        *(RawColumn(n, "double") for n in ("dist", "distcap", "distw", "distwces")),
    ),
)

PUBLISHER = Publisher(
    name="cepii",
    title="CEPII GeoDist",
    layouts=(CEPII_PAIRS,),
    terms=Terms(
        "Etalab Open Licence 2.0",
        "etalab-2.0",
        "https://github.com/etalab/licence-ouverte/blob/master/open-licence.md",
    ),
    reference=Reference(
        "Notes on CEPII's distances measures: the GeoDist database",
        (Author("Mayer", "Thierry"), Author("Zignago", "Soledad")),
        2011,
        "CEPII",
        "Working Paper 2011-25",
    ),
    address="https://www.cepii.fr/CEPII/en/bdd_modele/bdd_modele_item.asp?id=6",
    access="cepii.fr, no key",
)
