"""What the pages are made from: the published tables, names, and what is said of their origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import duckdb

from orchestration.durable import sql_text
from orchestration.publishing.report_page.figures import Series
from orchestration.publishing.report_page.wording import (
    Text,
    day,
    joined,
    reason,
    same,
    word,
)
from orchestration.seeds import seed_rows

CHINA = "CHN"
GROUPS = {"China": 1, "High income": 2, "Other EMDE": 3}
# seven sectors and six hues: the smallest is neutral
SECTORS = {
    "power_generation": 2,
    "energy_storage": 1,
    "transport": 3,
    "pollution_control": 4,
    "environmental_monitoring": 5,
    "buildings": 6,
    "household_appliances": 0,
}
RUN = "run"
# what a part rests on: its publishers, and the trade basis that is not a choice of the reader's
ORIGINS: dict[str, tuple[tuple[str, ...], str | None]] = {
    "bilateral": (("comtrade", "baci"), RUN),
    "world": (("comtrade", "baci"), None),
    "reconciled": (("baci",), "reconciled"),
    "china": (("comtrade",), "china_reported"),
    "panel": (("comtrade", "baci", "wdi"), RUN),
}
EUROPEAN_UNION = "EUU"


@dataclass(frozen=True)
class Economy:
    """An economy as the pages name and link it."""

    iso3: str
    name: Text
    region: Text
    income_group: Text
    country_group: Text
    is_historical: bool


@dataclass(frozen=True)
class Product:
    """A product of either list; the row of marts.dim_product with names in both languages."""

    code: str
    name: Text
    row: Mapping[str, Any]


@dataclass
class Publication:
    """The published warehouse, open for reading, and its provenance."""

    connection: duckdb.DuckDBPyConnection
    provenance: Mapping[str, Any]

    # ---- reading ---------------------------------------------------------------------------------

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()

    def records(self, sql: str) -> list[dict[str, Any]]:
        cursor = self.connection.execute(sql)
        names = [d[0] for d in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def grouped(self, sql: str) -> dict[Any, list[tuple[Any, ...]]]:
        """Rows by their first column, without it."""
        found: dict[Any, list[tuple[Any, ...]]] = {}
        for key, *row in self.rows(sql):
            found.setdefault(key, []).append(tuple(row))
        return found

    # ---- origin ----------------------------------------------------------------------------------

    @cached_property
    def choices(self) -> dict[str, Any]:
        [choices] = self.records("select * from marts.run_choices")
        return choices

    @property
    def is_synthetic(self) -> bool:
        return bool(self.choices["is_synthetic"])

    @property
    def notice(self) -> Text | None:
        """What every screen and picture of invented numbers says."""
        return word("synthetic") if self.is_synthetic else None

    @property
    def number(self) -> str:
        return str(self.provenance["publication"])

    def source(self, of: str) -> Text:
        """Publishers with release or day of landing, and the choices: the vintage of a figure.

        `of` is a key of ORIGINS.
        """
        publishers, basis = ORIGINS[of]
        titles = {p["source"]: p["title"] for p in self.provenance.get("publishers", [])}
        landed: dict[str, set[str]] = {}
        latest: dict[str, str] = {}
        for file in self.provenance.get("sources", []):
            name = file["source"]
            landed.setdefault(name, set())
            if file.get("release"):
                landed[name].add(str(file["release"]))
            latest[name] = max(latest.get(name, ""), file["landed_at"])
        parts = [
            word("source_with_release", title=titles.get(name, name), release=_listed(landed[name]))
            if landed[name]
            else word("source_landed", title=titles.get(name, name), day=day(latest[name]))
            for name in publishers
            if name in landed
        ]
        return joined([*parts, self._chosen(basis)], "; ", "；")

    def _chosen(self, basis: str | None) -> Text:
        """Trade basis, treatment of codes and scope of minerals."""
        named = self.choices["basis"] if basis == RUN else basis
        return joined(
            [
                *([reason("basis", named)] if named else []),
                reason("hs_treatment", self.choices["hs_treatment"]),
                *([reason("mineral_scope", self.choices["mineral_scope"])] if basis == RUN else []),
            ],
            ", ",
            "，",
        )

    # ---- names -----------------------------------------------------------------------------------

    @cached_property
    def names(self) -> dict[tuple[str, str], Text]:
        """(kind, code) -> name, from the seed names."""
        return {
            (row["kind"], row["code"]): Text(row["name_en"], row["name_zh"])
            for row in seed_rows("names")
        }

    def name(self, kind: str, code: str | None) -> Text:
        return self.names.get((kind, str(code)), same(code or ""))

    @cached_property
    def variables(self) -> dict[str, Text]:
        """Variable of the panel -> its label, as it stands within a sentence."""
        return {
            variable: Text(english, chinese)
            for variable, english, chinese in self.rows(
                "select variable, label_en, label_zh from marts.dim_variable order by position"
            )
        }

    def heading(self, name: str) -> Text:
        """The label of a variable or interaction, with a capital."""
        label = self.variable(name)
        return Text(label.en[:1].upper() + label.en[1:], label.zh)

    def variable(self, name: str) -> Text:
        """The label of a variable, or of an interaction of imports from China with one."""
        first, _, second = name.partition("_x_")
        if second and first == "lct_imports":
            both = (self.variable("lct_imports_from_china"), self.variable(second))
            return joined(both, " × ", " × ")
        if name == "lct_imports_from_china":
            name = "lct_imports_from_china_kusd"
        return self.variables.get(name, same(name))

    @cached_property
    def economies(self) -> dict[str, Economy]:
        """iso3 -> the economy, for all that trade listed products or are in the panel."""
        return {
            r["iso3"]: Economy(
                r["iso3"],
                Text(r["economy_name"], r["economy_name_zh"] or r["economy_name"]),
                Text(r["region"] or "", r["region_zh"] or r["region"] or ""),
                Text(r["income_group"] or "", r["income_group_zh"] or r["income_group"] or ""),
                Text(r["country_group"] or "", r["country_group_zh"] or r["country_group"] or ""),
                bool(r["is_historical"]),
            )
            for r in self.records(
                """
                select *
                from marts.dim_economy
                where
                    iso3 in (select economy_iso3 from marts.fct_world_trade)
                    or iso3 in (select exporter_iso3 from marts.fct_trade_flow)
                    or iso3 in (select importer_iso3 from marts.fct_trade_flow)
                order by economy_name
                """
            )
        }

    def economy_name(self, iso3: str) -> Text:
        if iso3 == EUROPEAN_UNION:
            return word("european_union")
        return self.economies[iso3].name if iso3 in self.economies else same(iso3)

    @cached_property
    def products(self) -> dict[str, Product]:
        return {
            r["product_code"]: Product(
                r["product_code"],
                Text(
                    r["short_name"] or r["description"] or r["product_code"],
                    r["short_name_zh"] or r["short_name"] or r["description"] or r["product_code"],
                ),
                r,
            )
            for r in self.records("select * from marts.dim_product order by product_code")
        }

    def product_name(self, code: str) -> Text:
        return self.products[code].name if code in self.products else same(code)

    @cached_property
    def minerals(self) -> dict[str, Text]:
        """Transition mineral -> its name, of those in the list."""
        return {
            code: self.name("mineral", code)
            for (code,) in self.rows(
                "select distinct transition_mineral from marts.dim_product "
                "where transition_mineral is not null order by 1"
            )
        }

    @cached_property
    def sectors(self) -> dict[str, Series]:
        return {s: Series(self.name("sector", s), hue) for s, hue in SECTORS.items()}

    @cached_property
    def groups(self) -> dict[str, Series]:
        return {g: Series(self.name("country_group", g), hue) for g, hue in GROUPS.items()}

    @cached_property
    def latest_year(self) -> int | None:
        """The newest year of the bilateral facts on the run's basis."""
        [(year,)] = self.rows("select max(year) from marts.fct_trade_flow")
        return year


def in_list(codes: Iterable[str]) -> str:
    """Codes as the inside of SQL's in (...)."""
    return ", ".join(sql_text(code) for code in codes)


def _listed(texts: Iterable[str]) -> str:
    return ", ".join(sorted(texts))
