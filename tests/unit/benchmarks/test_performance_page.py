"""docs/performance.md: every number of it, and every picture, is from docs/performance.json."""

from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path

import pytest

from benchmarks import goals, page, plots
from benchmarks.__main__ import machine
from orchestration.settings import PROJECT_ROOT

DOCS = PROJECT_ROOT / "docs"


@pytest.fixture(scope="module")
def results() -> dict:
    return json.loads((DOCS / "performance.json").read_text("utf-8"))


def test_the_page_is_what_its_results_say(results: dict) -> None:
    assert (DOCS / "performance.md").read_text("utf-8") == page.render(results)
    assert goals.judged(results) == [
        {**goal, "value": goal["value"] and pytest.approx(goal["value"], rel=1e-4)}
        for goal in results["goals"]
    ]


@pytest.mark.parametrize(
    "place",
    [
        ("first_run", "seconds"),
        ("first_run", "peak_bytes"),
        ("nothing_new", "cpu_seconds"),
        ("changed_year", "seconds"),
        ("landing_and_loading", "ours", "seconds"),
        ("landing_and_loading", "by_duckdb", "process", "peak_bytes"),
        ("same_work", "all_models", "seconds"),
        ("same_work", "by_hand_polars", "cpu_seconds"),
        ("data_tests", "test", "seconds"),
        ("world", "process", "seconds"),
    ],
)
def test_another_number_in_the_results_is_another_in_the_page(
    results: dict, place: tuple[str, ...]
) -> None:
    """Of every measured size that has a table of its own; of a profile, of the one it is of."""
    changed = deepcopy(results)
    of = goals.reference(changed)
    for name in place[:-1]:
        of = of[name]
    of[place[-1]] = 987_654e9 if place[-1] == "peak_bytes" else 987_654.0
    assert "987,654" not in page.render(results)
    assert "987,654" in page.render(changed)


def test_a_page_of_nothing_has_no_tables_and_no_goal_that_is_met() -> None:
    assert all(goal["is_met"] is None for goal in goals.judged({}))
    assert "|" not in page.render({})


def test_a_goal_is_met_up_to_its_bound() -> None:
    def judged(seconds: float) -> dict:
        both = {"ours": {"seconds": seconds}, "by_duckdb": {"seconds": 10.0}}
        results = {"sizes": {"1000000": {"landing_and_loading": both}}}
        return goals.judged(results)[0]

    assert judged(10.0)["is_met"] is True
    assert judged(10.1)["is_met"] is False
    assert judged(20.0)["value"] == 2


def test_the_pictures_are_drawn_from_the_results_and_are_committed(
    results: dict, tmp_path: Path
) -> None:
    drawn = {p.name: p.read_bytes() for p in plots.draw_all(results, tmp_path / "one")}
    again = {p.name: p.read_bytes() for p in plots.draw_all(results, tmp_path / "two")}
    assert drawn == again
    assert {p.name for p in (DOCS / "performance").iterdir()} == set(drawn)
    shown = re.findall(r"\]\(performance/([\w.]+)\)", (DOCS / "performance.md").read_text("utf-8"))
    assert set(shown) == set(drawn)
    assert max(len(body) for body in drawn.values()) < 200_000
    (tmp_path / "one" / "growth.svg").touch()
    assert plots.draw_all({}, tmp_path / "one") == []
    assert list((tmp_path / "one").iterdir()) == []


def test_a_machine_is_described_and_not_named() -> None:
    described = json.dumps(machine())
    assert str(PROJECT_ROOT) not in described
    assert machine()["processors"] >= 1
