"""Which data test stops publication and which warns: docs/operations.md against dbt's manifest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

DOCUMENT = PROJECT_ROOT / "docs" / "operations.md"
HEADER = "| test | of | columns | severity |"


@dataclass(frozen=True)
class DataTest:
    """A data test: its kind (or its name, of a singular test), model with layer, column."""

    kind: str
    model: str
    column: str
    severity: str


@dataclass(frozen=True)
class Decision:
    """A line of the table; patterns that are empty match everything."""

    kinds: tuple[str, ...]
    models: tuple[str, ...]
    columns: tuple[str, ...]
    severity: str

    def covers(self, test: DataTest) -> bool:
        return all(
            not patterns or any(fnmatchcase(value, pattern) for pattern in patterns)
            for patterns, value in (
                (self.kinds, test.kind),
                (self.models, test.model),
                (self.columns, test.column),
            )
        )


def decisions() -> list[Decision]:
    _, _, table = DOCUMENT.read_text(encoding="utf-8").partition(HEADER)
    rows = table.split("\n\n")[0].splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return [
        Decision(*(tuple(re.findall(r"`([^`]+)`", cell)) for cell in row[:3]), row[3])
        for row in cells
    ]


def data_tests(nodes: dict[str, dict]) -> Iterator[DataTest]:
    for node in nodes.values():
        if node["resource_type"] != "test":
            continue
        metadata = node.get("test_metadata")
        yield DataTest(
            metadata["name"] if metadata else node["name"],
            _with_layer(nodes[node["attached_node"]]) if metadata else "",
            node.get("column_name") or "",
            node["config"]["severity"].lower(),
        )


def _with_layer(node: dict) -> str:
    folders = Path(node["original_file_path"]).parts
    layer = "seeds" if node["resource_type"] == "seed" else folders[2]
    return f"{layer}.{node['name']}"


def decision_on(test: DataTest, table: list[Decision]) -> Decision | None:
    return next((decision for decision in table if decision.covers(test)), None)


def test_every_data_test_has_its_line_and_the_severity_of_it(dbt_nodes: dict[str, dict]) -> None:
    table = decisions()
    tests = list(data_tests(dbt_nodes))
    assert len(tests) > 200
    differing = [
        (test, decision)
        for test in tests
        if (decision := decision_on(test, table)) is None or decision.severity != test.severity
    ]
    assert not differing, f"decide in {DOCUMENT.name}: {differing}"


def test_every_line_of_the_table_decides_on_some_test(dbt_nodes: dict[str, dict]) -> None:
    table = decisions()
    used = {decision_on(test, table) for test in data_tests(dbt_nodes)}
    assert not [decision for decision in table if decision not in used]
    assert {decision.severity for decision in table} == {"error", "warn"}


@pytest.mark.parametrize(
    ("test", "severity"),
    [
        (DataTest("within", "marts.fct_trade_flow", "value_usd", "error"), "warn"),
        (DataTest("within", "marts.fct_trade_flow", "share", "error"), None),
        (DataTest("not_null", "report.figure_1", "year", "error"), None),
        (DataTest("assert_something_new", "", "", "error"), None),
    ],
)
def test_the_table_is_read_as_it_says(test: DataTest, severity: str | None) -> None:
    decision = decision_on(test, decisions())
    assert (decision.severity if decision else None) == severity
