"""The commands of `lct` and what their options do."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from orchestration.cli import dev, run
from orchestration.cli.__main__ import app
from orchestration.settings import PROJECT_ROOT


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("run", "Fill the landing zone"),
        ("dev", "Serve Dagster"),
        ("serve", "for a service manager"),
        ("restore", "earlier publication"),
        ("verify", "heal what can be healed"),
        ("unland", "loaded no more"),
        ("query", "read-only, no other file"),
        ("tables", "describe one"),
        ("status", "what failed last"),
        ("exhibits", "show one on the terminal"),
        ("export", "Stata, Excel, R"),
        ("open", "print where it is"),
        ("lake", "published Parquet files"),
        ("backup", "also while a refresh runs"),
        ("recover", "every file checked"),
        ("compare", "which numbers differ"),
    ],
)
def test_every_command_says_what_it_does(command: str, said: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0, result.output
    assert said in result.output


@pytest.mark.parametrize("module", [run, dev])
def test_options_take_precedence_over_the_environment(
    module: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, str | None] = {}

    def main(as_json: bool) -> int:
        assert as_json is False
        seen.update({name: os.environ.get(name) for name in ("LCT_SOURCE", "LCT_LANDING")})
        return 3

    monkeypatch.setenv("LCT_SOURCE", "demo")
    monkeypatch.setenv("LCT_LANDING", "kept")
    monkeypatch.setattr(module, "main", main)
    command = module.__name__.rpartition(".")[2]
    result = CliRunner().invoke(app, [command, "--source", "files"])
    assert seen == {"LCT_SOURCE": "files", "LCT_LANDING": "kept"}
    assert result.exit_code == (3 if module is run else 0)


def test_the_help_has_the_exit_codes() -> None:
    said = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    assert "Exit status: 0 done; 1 not done" in said


@pytest.mark.parametrize(
    "line",
    ["run", "dev", "serve daemon", "restore", "unland a", "verify", "spark", "status", "compare"],
)
def test_a_program_is_told_of_a_wrong_setting_in_json(
    line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LCT_TRADE_BASIS", "mirror")
    result = CliRunner().invoke(app, [*line.split(), "--json"])
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert json.loads(result.stderr)["error"].startswith("LCT_TRADE_BASIS='mirror' is not known")


def test_the_command_line_starts_without_what_only_some_commands_need() -> None:
    """Help and the Tab key are answered at once."""
    loaded = "import sys, orchestration.cli.__main__; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", loaded], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60
    )
    assert not {"dagster", "duckdb", "pandas", "pyarrow"} & set(done.stdout.split())
