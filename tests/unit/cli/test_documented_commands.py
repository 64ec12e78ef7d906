"""Every `lct` command that README and docs/ show exists; those of README and exports.md run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from orchestration.cli.__main__ import app
from orchestration.settings import PROJECT_ROOT
from tests.support.small_publication import publish_by_hand

README = (PROJECT_ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [PROJECT_ROOT / "README.md", *sorted((PROJECT_ROOT / "docs").glob("*.md"))]


def commands_of_the_section() -> list[str]:
    [section] = re.findall(r"^## Command line\n(.*?)^## ", README, flags=re.DOTALL | re.MULTILINE)
    [block] = re.findall(r"```sh\n(.*?)```", section, flags=re.DOTALL)
    return block.splitlines()


def commands_on_exports() -> list[str]:
    text = (PROJECT_ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@pytest.mark.parametrize("line", [*commands_of_the_section(), *commands_on_exports()])
def test_a_command_that_is_shown_runs(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("000001", "000002"):
        publish_by_hand(tmp_path / "data", number)
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(line, comments=True)
    assert program == "lct"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert result.output


def test_the_table_of_the_readme_has_every_command() -> None:
    named = {
        name
        for row in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", README, flags=re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    }
    registered = set(get_command(app).commands)  # type: ignore[attr-defined]
    assert registered <= named


def test_every_command_speaks_json() -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    options = {name: {o for p in c.params for o in p.opts} for name, c in commands.items()}
    assert [name for name, known in options.items() if "--json" not in known] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=[d.name for d in DOCUMENTS])
def test_every_command_and_option_that_is_shown_exists(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    shown = re.findall(r"(?:^|[`/])lct ([a-z]+)([^`\n]*)", text, flags=re.MULTILINE)
    commands = get_command(app).commands  # type: ignore[attr-defined]
    for name, rest in shown:
        assert name in commands, f"lct {name}"
        known = {option for p in commands[name].params for option in p.opts} | {"--help"}
        assert set(re.findall(r"(?<!\S)--[a-z-]+", rest.split("#")[0])) <= known, (name, rest)
