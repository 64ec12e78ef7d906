"""Write models/marts/panel/_panel.yml, the panel's contract, from the seed `variables`.

Run it after changing the seed (`make contracts`). The seed remains the only place where a variable
is defined; a test checks that the two agree.
"""

from __future__ import annotations

import csv
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "dbt_project" / "models" / "marts" / "panel" / "_panel.yml"

LINE_LENGTH = 100

HEAD = """# Generated from seeds/indicators/variables.csv by dbt_project/generate_panel_contract.py
# (make contracts). Do not edit.
version: 2

models:
"""
MODELS = {
    "panel_country_year": (
        "Grain: one row per economy (China excluded) and year, on the run's default trade basis, "
        "HS treatment and mineral scope.",
        ["iso3", "year"],
    ),
    "panel_country_year_variants": (
        "Grain: one row per economy (China excluded), year, trade basis, HS treatment and mineral "
        "scope. Choose all three before summing.",
        ["iso3", "year", "basis", "hs_treatment", "mineral_scope"],
    ),
}
COLUMNS = (
    "Outcomes and levels at t; x_lag1 is x one calendar year before; x_lag1_z its z-score, by mean "
    "and standard deviation over the panel's rows of the years of standardisation (run_choices)."
)


def contract(seed: Path = ROOT / "seeds" / "indicators" / "variables.csv") -> str:
    with open(seed, newline="", encoding="utf-8") as handle:
        variables = list(csv.DictReader(handle))
    text = HEAD
    for model, (grain, key) in MODELS.items():
        text += f"  - name: {model}\n    config: {{meta: {{rows_of: [wdi]}}}}\n"
        text += f"    description: >\n{_folded(f'{grain} {COLUMNS}', indent=6)}"
        text += "    data_tests:\n      - unique_combination:\n"
        text += f"          arguments: {{columns: [{', '.join(key)}]}}\n    columns:\n"
        text += _column(
            "iso3",
            "varchar",
            "ISO 3166 alpha-3 code of the economy.",
            "[not_null, {relationships: {arguments: {to: ref('dim_economy'), field: iso3}}}]",
        )
        text += _column("year", "integer", "Calendar year.", "[not_null]")
        text += _column(
            "basis",
            "varchar",
            "Whose report of the trade: china_reported, partner_reported or reconciled.",
        )
        text += _column("hs_treatment", "varchar", "harmonised, as_reported or strict.")
        text += _column("mineral_scope", "varchar", "ores or all_stages.")
        for v in variables:
            note = f" {v['note'][0].upper()}{v['note'][1:]}." if v["note"] else ""
            over = f" over {v['denominator_code']}" if v["denominator_code"] else ""
            code = f" {v['indicator_code']}{over}." if v["indicator_code"] else ""
            text += _column(
                v["variable"],
                "double",
                f"{v['label_en'][0].upper()}{v['label_en'][1:]}, {v['unit']}.{code}{note}",
            )
            if v["is_regressor"] == "true":
                text += _column(
                    f"{v['variable']}_lag1", "double", f"{v['variable']} one calendar year before."
                )
                text += _column(
                    f"{v['variable']}_lag1_z",
                    "double",
                    f"z-score of {v['variable']}_lag1 over the years of standardisation.",
                )
        text += _column(
            "is_synthetic",
            "boolean",
            "True where the data are the demo's, invented numbers throughout.",
        )
    return text


def _column(name: str, data_type: str, description: str, tests: str | None = None) -> str:
    quoted = description.replace("'", "''")
    described = f"        description: '{quoted}'\n"
    if len(described.rstrip()) > LINE_LENGTH:
        described = f"        description: >-\n{_folded(description, indent=10)}"
    return f"      - name: {name}\n        data_type: {data_type}\n{described}" + (
        f"        data_tests: {tests}\n" if tests else ""
    )


def _folded(text: str, indent: int) -> str:
    """The lines of a folded block scalar."""
    lines = textwrap.wrap(
        text, LINE_LENGTH - indent, break_long_words=False, break_on_hyphens=False
    )
    return "".join(f"{' ' * indent}{line}\n" for line in lines)


if __name__ == "__main__":
    TARGET.write_text(contract(), encoding="utf-8")
