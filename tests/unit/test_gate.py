"""The gate: debts may only shrink, and nothing of a machine or of landed data is in the repository.

What `make lint` cannot say by itself: that an exception from a rule is still needed, that lines of
SQL and YAML are no longer than those of Python, and that the files that are kept under version
control are nobody's alone.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml

from orchestration.settings import PROJECT_ROOT

# pairs of a file pattern and a rule that it is excepted from: lower this number with the list
EXCEPTIONS_AT_MOST = 7
LINE_LENGTH = 100
# folders of one person or one machine, as absolute paths
OF_A_MACHINE = re.compile(r"(?<![\w.~-])/(?:home|Users|root|work|private|mnt)/[\w.-]+")
LANDED = (".gz", ".zip", ".duckdb", ".parquet", ".pyc", ".log")


def git(*arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=PROJECT_ROOT, capture_output=True, text=True, timeout=60
    )
    if done.returncode != 0 and "not a git repository" in done.stderr:
        pytest.skip("skipped: this copy of the project has no git history")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def tracked() -> list[str]:
    files = git("ls-files", "-z").rstrip("\0").split("\0")
    assert len(files) > 100
    return [f for f in files if (PROJECT_ROOT / f).is_file()]  # not those just deleted


def text_of(file: str) -> str:
    return (PROJECT_ROOT / file).read_text(encoding="utf-8")


def test_exceptions_from_rules_are_needed_and_do_not_grow() -> None:
    """Without its exception, every rule still fires in the files that it is excepted for."""
    ruff = tomllib.loads(text_of("pyproject.toml"))["tool"]["ruff"]
    excepted = [(p, r) for p, rs in ruff["lint"]["per-file-ignores"].items() for r in rs]
    assert len(excepted) <= EXCEPTIONS_AT_MOST
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ruff"),
            "check",
            "--exit-zero",
            "--no-cache",
            "--output-format=json",
            "--config=lint.per-file-ignores={}",
            "--config=lint.extend-per-file-ignores={}",
            ".",
        ],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    fired = {
        (str(Path(f["filename"]).relative_to(PROJECT_ROOT)), f["code"])
        for f in json.loads(done.stdout)
    }
    needless = [
        (pattern, rule)
        for pattern, rule in excepted
        if not any(fnmatch(file, pattern) and code == rule for file, code in fired)
    ]
    assert needless == [], "remove these from per-file-ignores in pyproject.toml"


def test_pytest_looks_into_every_folder_of_tests(
    tracked: list[str], pytestconfig: pytest.Config
) -> None:
    """Its default passes over folders named build, and their tests with them."""
    folders = {
        part
        for file in tracked
        if file.startswith("tests/") and Path(file).name.startswith("test_")
        for part in Path(file).parts[:-1]
    }
    assert "build" in folders
    passed_over = pytestconfig.getini("norecursedirs")
    assert [f for f in folders if any(fnmatch(f, pattern) for pattern in passed_over)] == []


def test_what_runs_before_a_commit_is_what_make_lint_runs() -> None:
    [recipe] = re.findall(r"^lint:.*\n((?:\t.*\n)+)", text_of("Makefile"), flags=re.MULTILINE)
    commands = [line.strip().removeprefix("@$(BIN)/") for line in recipe.splitlines()]
    [local] = yaml.safe_load(text_of(".pre-commit-config.yaml"))["repos"]
    assert [h["entry"].removeprefix(".venv/bin/") for h in local["hooks"]] == commands
    assert len(commands) == 5


def test_no_line_is_too_long(tracked: list[str]) -> None:
    """In characters, not bytes: a Chinese character counts once."""
    files = [f for f in tracked if f.endswith((".py", ".sql", ".yml", ".yaml"))]
    assert len(files) > 100
    long = [
        f"{file}:{number}"
        for file in files
        for number, line in enumerate(text_of(file).splitlines(), 1)
        if len(line) > LINE_LENGTH
    ]
    assert long == []


def test_commits_left_out_of_blame_exist() -> None:
    listed = [
        line
        for line in text_of(".git-blame-ignore-revs").splitlines()
        if line and not line.startswith("#")
    ]
    assert listed
    if git("rev-parse", "--is-shallow-repository").strip() == "true":
        pytest.skip("skipped: the clone is shallow")
    assert [git("cat-file", "-t", commit).strip() for commit in listed] == ["commit"] * len(listed)


def test_no_landed_data_is_tracked(tracked: list[str]) -> None:
    assert [f for f in tracked if f.endswith(LANDED) or f.startswith("data/")] == []


def test_no_file_names_a_place_of_one_machine(tracked: list[str]) -> None:
    """Neither this project's own folder nor a home or work folder of anyone."""
    named = [
        f"{file}:{number}"
        for file in tracked
        for number, line in enumerate(text_of(file).splitlines(), 1)
        if OF_A_MACHINE.search(line) or str(PROJECT_ROOT) in line
    ]
    assert named == []
    for place in ("/home" + "/ada/project", "'/Users" + "/ada'", "=/work" + "/shared"):
        assert OF_A_MACHINE.search(place), "the pattern would see one"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-test.txt"])
def test_requirements_are_pinned_versions_with_checksums_and_no_addresses(file: str) -> None:
    """As pip's check of checksums needs them: each version, and at least one file of it."""
    text = text_of(file).replace(" \\\n", "")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) > 100
    pinned = r"[a-z0-9._-]+(\[[a-z,]+\])?==[\w.]+(    --hash=sha256:[0-9a-f]{64})+"
    assert [line for line in lines if not re.fullmatch(pinned, line)] == []
    assert "://" not in text


def test_both_files_of_requirements_have_the_same_versions() -> None:
    run, test = (
        dict(re.findall(r"^([a-z0-9._-]+)\S*?==(\S+)", text_of(file), flags=re.MULTILINE))
        for file in ("requirements.txt", "requirements-test.txt")
    )
    assert run.items() <= test.items()


def test_what_is_installed_is_checked_against_checksums() -> None:
    """All but the project itself, which is not a file from an index."""
    installs = [line for line in text_of("Makefile").splitlines() if "$(PIP_INSTALL)" in line]
    assert len(installs) == 3
    assert [line for line in installs if "--require-hashes" not in line] == [
        "\t@$(PIP_INSTALL) --no-deps --no-build-isolation -e ."
    ]
