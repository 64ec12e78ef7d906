"""The Makefile as it is run: how settings reach the programs, and what `make clean` removes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_ROOT

# what a shell or make would read as more than text
TEXTS = [
    "x'; touch y; '",
    "with \"quotes\" and 'more'",
    "two  words",
    "$HOME $$ ${PATH} $(HOME)",
    "$(shell touch y)",
    "`touch y` $(touch y)",
    "#hash # hash",
    "back\\slash \\\\ \\",
    "two\nlines",
    "a;b & c | d > y",
    "--help",
    "100% = x := *?[a]",
    "数据",
]
# variables of an outer make, which has perhaps started these tests
OF_MAKE = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES")
RECORDER = """#!{python}
import json, os, pathlib, sys
record = {{"arguments": sys.argv[1:], "environment": dict(os.environ), "folder": os.getcwd()}}
with open({file!r}, "a") as recorded:
    print(json.dumps(record), file=recorded)
"""


class Checkout:
    """A copy of the Makefile whose set-up is done; each program it starts writes down its call."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.record = folder.parent / "recorded.jsonl"
        (folder / ".venv" / "bin").mkdir(parents=True)
        for name in ("Makefile", "requirements.txt", "requirements-test.txt", "pyproject.toml"):
            shutil.copy(PROJECT_ROOT / name, folder / name)
        self.python("recorded")
        (folder / ".venv" / "ready").touch()
        self.files = self.listed()

    def python(self, kind: str) -> None:
        """What `.venv/bin/python` is: `recorded`, or `real`."""
        if kind == "recorded":
            self.program(self.folder / ".venv" / "bin" / "python")
        else:
            path = self.folder / ".venv" / "bin" / "python"
            path.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')

    def program(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(RECORDER.format(python=sys.executable, file=str(self.record)))
        path.chmod(0o755)

    def listed(self) -> list[str]:
        return sorted(os.listdir(self.folder))

    def make(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("LCT_", "BENCH_"))
            and name not in (*OF_MAKE, "SOURCE", "LANDING", "PUBLICATION", "COMTRADE_API_KEY")
        }
        return subprocess.run(
            ["make", *arguments],
            cwd=self.folder,
            env=kept | {"PYTHONPATH": str(PROJECT_ROOT)} | variables,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def calls(self) -> list[dict]:
        return [json.loads(line) for line in self.record.read_text().splitlines()]


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    return Checkout(tmp_path / "it's a checkout")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("is_argument", [True, False])
def test_settings_reach_the_program_to_the_letter(
    checkout: Checkout, text: str, is_argument: bool
) -> None:
    """From make's command line and from the environment alike; nothing of them is run."""
    variables = dict.fromkeys(("SOURCE", "LANDING", "LCT_DATA_DIR", "COMTRADE_API_KEY"), text)
    if is_argument:
        done = checkout.make("run", *(f"{name}={value}" for name, value in variables.items()))
    else:
        done = checkout.make("run", **variables)
    assert (done.returncode, done.stderr) == (0, "")
    [call] = checkout.calls()
    assert call["arguments"] == ["-m", "orchestration.cli", "run"]
    expected = {
        "LCT_SOURCE": text,
        "LCT_LANDING": text,
        "LCT_DATA_DIR": text,
        "COMTRADE_API_KEY": text,
    }
    assert {name: call["environment"].get(name) for name in expected} == expected
    assert checkout.listed() == checkout.files


@pytest.mark.parametrize("target", ["run", "dev", "verify"])
def test_every_target_that_reads_files_is_told_of_the_folder(
    checkout: Checkout, target: str
) -> None:
    checkout.make(target, "SOURCE=files", "LANDING=some folder")
    [call] = checkout.calls()
    assert call["arguments"] == ["-m", "orchestration.cli", target]
    assert call["environment"]["LCT_SOURCE"] == "files"
    assert call["environment"]["LCT_LANDING"] == "some folder"


@pytest.mark.parametrize(
    ("arguments", "rows"),
    [
        (["bench"], None),
        (["bench", "BENCH_ROWS=1e6 10e6"], "1e6 10e6"),
        (["bench", "BENCH_ROWS=$(shell touch y)"], "$(shell touch y)"),
        (["bench-full"], "1e6 10e6 100e6 269e6"),
    ],
)
def test_benchmarks_are_told_how_many_rows(
    checkout: Checkout, arguments: list[str], rows: str | None
) -> None:
    (checkout.folder / ".venv" / "ready-to-test").touch()
    done = checkout.make(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    [call] = checkout.calls()
    assert call["arguments"] == ["-m", "benchmarks"]
    assert call["environment"].get("BENCH_ROWS") == rows
    assert checkout.listed() == checkout.files


@pytest.mark.parametrize("text", TEXTS)
def test_a_publication_is_one_argument(checkout: Checkout, text: str) -> None:
    done = checkout.make("restore", f"PUBLICATION={text}")
    assert (done.returncode, done.stderr) == (0, "")
    [call] = checkout.calls()
    assert call["arguments"] == ["-m", "orchestration.cli", "restore", "--", text]
    assert checkout.listed() == checkout.files


def test_what_is_not_given_is_left_to_the_environment(checkout: Checkout) -> None:
    checkout.make("run", LCT_SOURCE="files", LCT_LANDING="some $folder")
    checkout.make("run", "SOURCE=api", LCT_SOURCE="files")
    checkout.make("restore")
    given, overridden, restored = checkout.calls()
    assert given["environment"]["LCT_SOURCE"] == "files"
    assert given["environment"]["LCT_LANDING"] == "some $folder"
    assert overridden["environment"]["LCT_SOURCE"] == "api"
    assert "LCT_LANDING" not in overridden["environment"]
    assert restored["arguments"] == ["-m", "orchestration.cli", "restore", "--"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "SOURCE=x'; touch y; '"], "SOURCE=\"x'; touch y; '\" is not known; use one of"),
        (["run", "LCT_DATA_DIR=two\nlines"], "LCT_DATA_DIR holds a line break"),
        (["run", "LANDING=~nouser/x"], "LCT_LANDING='~nouser/x': there is no home folder"),
        (["run", "LCT_DATA_DIR=Makefile"], "Makefile: cannot be written to (Not a directory"),
        (["run", "LCT_DATA_DIR=a#b"], "cannot hold #, ?, % or \\. Name another folder."),
        (["run", "LCT_DATA_DIR=a\\b"], "cannot hold #, ?, % or \\. Name another folder."),
        (["run", "LCT_DATA_DIR=/dev/null/x"], "LCT_DATA_DIR=/dev/null/x: cannot be written to"),
        (["restore", "PUBLICATION=$(shell touch y)"], "no publication $(shell touch y) to restore"),
        (["restore", "PUBLICATION=--help"], "no publication --help to restore"),
        (["restore", "LCT_DATA_DIR=/dev/null/x"], "kept are: none"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence(
    checkout: Checkout, arguments: list[str], said: str
) -> None:
    checkout.python("real")
    done = checkout.make(*arguments, LCT_DATA_DIR=str(checkout.folder / "data"))
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in (done.stdout + done.stderr)
    assert "Traceback" not in done.stdout + done.stderr
    assert "y" not in checkout.listed()


# ---- make clean ----------------------------------------------------------------------------------

MADE = ("build", "publications", "dagster")


def fill(folder: Path) -> None:
    """A data folder as runs leave it."""
    for name in (*MADE, "landing"):
        (folder / name).mkdir(parents=True)
        (folder / name / "file").touch()
    (folder / "published").symlink_to("publications/000001")
    (folder / "dagster" / "dagster.yaml").touch()
    (folder / "landing" / "manifest.json").touch()


@pytest.mark.parametrize(
    "name", ["data", "it's", 'two  "words"', "$(HOME)", "-rf", "#x", "two\nlines"]
)
def test_clean_keeps_what_has_landed(checkout: Checkout, name: str) -> None:
    data = checkout.folder / name
    fill(data)
    fill(checkout.folder / "it")  # what a name in pieces would reach
    done = checkout.make("clean", f"LCT_DATA_DIR={name}")
    assert done.returncode == 0, done.stderr
    assert sorted(os.listdir(data)) == ["landing"]
    assert sorted(os.listdir(data / "landing")) == ["file", "manifest.json"]
    assert sorted(os.listdir(checkout.folder / "it")) == sorted([*MADE, "landing", "published"])
    assert not (checkout.folder / ".venv").exists()


@pytest.mark.parametrize("name", ["", " ", "~", ".", "..", "other", "missing", "$(shell pwd)"])
def test_clean_removes_nothing_where_no_run_has_been(checkout: Checkout, name: str) -> None:
    for folder in (checkout.folder, checkout.folder.parent, checkout.folder / "other"):
        for kept in (*MADE, "published"):
            (folder / kept).mkdir(parents=True)
    done = checkout.make("clean", LCT_DATA_DIR=name, HOME=str(checkout.folder))
    assert done.returncode == 0, done.stderr
    assert "no run has used this folder; nothing removed there" in done.stdout
    for folder in (checkout.folder, checkout.folder.parent, checkout.folder / "other"):
        assert {*MADE, "published"} <= set(os.listdir(folder))


def test_clean_on_the_root_of_the_disk_removes_nothing_there(checkout: Checkout) -> None:
    """With a recorder in the place of rm, in case it would."""
    checkout.program(checkout.folder.parent / "bin" / "rm")
    path = f"{checkout.folder.parent / 'bin'}{os.pathsep}{os.environ['PATH']}"
    done = checkout.make("clean", "LCT_DATA_DIR=/", PATH=path)
    assert done.returncode == 0, done.stderr
    [call] = checkout.calls()
    assert call["folder"] == str(checkout.folder)
    assert [a for a in call["arguments"] if a.startswith("/")] == []
