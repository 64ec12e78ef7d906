"""`lct spark`: what it prints, and its exit status; Spark itself runs in tests/pipeline."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from orchestration.cli.spark import main
from orchestration.cluster.comparison import Comparison
from orchestration.errors import ExplainedError


@dataclass(frozen=True)
class Outcome:
    master: str
    files: int
    models: int
    tests: dict[str, int]
    tasks: dict[str, int]
    comparison: Comparison
    seconds: dict[str, float]


OUTCOME = Outcome(
    "spark://127.0.0.1:7077",
    66,
    72,
    {"pass": 259, "warn": 2},
    {"0": 1200, "1": 1300},
    Comparison(34, 1_297_741, 16_129_599, 2.5e-12),
    {"session started": 9.6},
)


@pytest.fixture
def spark(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """In the place of the module that needs PySpark: a run that gives what the test sets."""
    module: Any = ModuleType("orchestration.cluster.run")
    module.run_on_spark = lambda settings, with_cluster, say, left_out: OUTCOME
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def test_an_outcome_is_told_in_five_lines(
    spark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert "66 files" in lines[0]
    assert "72 models, data tests: 259 passed, 2 warned" in lines[1]
    assert "34 tables, 1,297,741 rows" in lines[2]
    assert lines[3].endswith("by executor: 0: 1,200, 1: 1,300")
    assert lines[4].endswith("session started 10 s")


def test_programs_get_one_json_object(
    spark: ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(as_json=True) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["tasks"] == {"0": 1200, "1": 1300}
    assert said["comparison"]["differences"] == []


def test_what_java_prints_is_not_in_the_json(spark: Any, capfd: pytest.CaptureFixture[str]) -> None:
    def printing(*_: object) -> Outcome:
        os.write(1, b"WARNING: Using incubator modules\n")
        return OUTCOME

    spark.run_on_spark = printing
    assert main(as_json=True) == 0
    said = capfd.readouterr()
    assert json.loads(said.out)["models"] == 72
    assert "incubator" in said.err


def test_what_differs_is_said_and_is_a_failure(
    spark: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    def differing(*_: object) -> None:
        raise ExplainedError("Spark and DuckDB differ:\n  marts.dim_product: ...")

    spark.run_on_spark = differing
    assert main() == 1
    assert "marts.dim_product" in capsys.readouterr().err


def test_an_environment_without_spark_is_told_the_way(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 2
    said = capsys.readouterr().err
    assert "make spark" in said
    assert "Traceback" not in said


def test_a_wrong_master_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LCT_SPARK_MASTER", "yarn")
    assert main() == 2
    assert capsys.readouterr().err.startswith("LCT_SPARK_MASTER='yarn' ")
