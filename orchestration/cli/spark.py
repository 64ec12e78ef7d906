"""`lct spark`, `make spark`: the models and data tests on Spark, and whether results are equal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from orchestration.cli.exit_codes import FAILED, MISUSED
from orchestration.cli.printing import print_error
from orchestration.errors import ExplainedError
from orchestration.settings import SettingError, load_settings

if TYPE_CHECKING:
    from orchestration.cluster.run import Outcome

STANDARD_OUTPUT, STANDARD_ERROR = 1, 2


def main(with_cluster: bool = False, as_json: bool = False, left_out: tuple[str, ...] = ()) -> int:
    """Run on Spark what the settings name, without the data tests `left_out`.

    Returns the process's exit status: 0 equal, 1 failed or different, 2 a wrong setting, or an
    environment without Spark.
    """
    try:
        settings = load_settings()
        from orchestration.cluster.run import run_on_spark
    except SettingError as error:
        print_error(error, as_json)
        return MISUSED
    except ModuleNotFoundError as error:
        missing = f"{error.name} is not in this Python environment"
        print_error(f"{missing}; Spark has one of its own: make spark", as_json)
        return MISUSED
    try:
        with _messages_apart():
            outcome = run_on_spark(settings, with_cluster, _say, left_out)
    except ExplainedError as error:
        print_error(error, as_json)
        return FAILED
    if as_json:
        print(json.dumps(asdict(outcome), indent=1))
    else:
        for line in _lines(outcome, bool(left_out)):
            print(line)
    return 0


@contextmanager
def _messages_apart() -> Iterator[None]:
    """What Java and dbt print in the block goes to standard error: programs read the other one."""
    sys.stdout.flush()
    kept = os.dup(STANDARD_OUTPUT)
    os.dup2(STANDARD_ERROR, STANDARD_OUTPUT)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, STANDARD_OUTPUT)
        os.close(kept)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _lines(outcome: Outcome, without_some_tests: bool) -> Iterator[str]:
    compared = outcome.comparison
    of_all = "some left out" if without_some_tests else "as on DuckDB"
    yield f"master           {outcome.master}, {outcome.files} files of Parquet handed over"
    yield (
        f"built            {outcome.models} models, data tests: "
        f"{outcome.tests['pass']} passed, {outcome.tests['warn']} warned, {of_all}"
    )
    yield (
        f"equal            {compared.tables} tables, {compared.rows:,} rows, {compared.doubles:,} "
        f"doubles; largest difference {compared.largest:.1e} of a value's size"
    )
    tasks = ", ".join(f"{name}: {count:,}" for name, count in sorted(outcome.tasks.items()))
    yield f"tasks            by executor: {tasks}"
    seconds = ", ".join(f"{name} {value:.0f} s" for name, value in outcome.seconds.items())
    yield f"stages           {seconds}"
