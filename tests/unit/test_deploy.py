"""deploy/: what systemd runs exists, as its own user, on a machine that is read-only to it."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.main import get_command

from orchestration.cli import serve
from orchestration.cli.__main__ import app
from orchestration.settings import PROJECT_ROOT

DEPLOY = PROJECT_ROOT / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = sorted(path.name for path in UNITS.glob("*.service"))
LCT = "/opt/lct/.venv/bin/lct"
# of 100, as systemd counts what a service could do to the machine; 100 is everything
EXPOSURE_AT_MOST = 25


def read(path: Path) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None, delimiters=["="])
    unit.optionxform = str  # type: ignore[method-assign, assignment]
    unit.read(path, encoding="utf-8")
    return unit


def sandbox() -> configparser.SectionProxy:
    return read(UNITS / "lct-.service.d" / "sandbox.conf")["Service"]


def test_there_is_a_service_for_each_process_of_dagster_and_for_backups() -> None:
    assert SERVICES == ["lct-backup.service", "lct-daemon.service", "lct-webserver.service"]
    assert all(name.startswith("lct-") for name in SERVICES), "the sandbox holds for lct- alone"


@pytest.mark.parametrize("name", SERVICES)
def test_what_a_service_runs_is_a_command_of_ours(name: str) -> None:
    program, command, *arguments = read(UNITS / name)["Service"]["ExecStart"].split()
    assert program == LCT
    known = get_command(app).commands[command]  # type: ignore[attr-defined]
    options = {option for p in known.params for option in p.opts}
    assert {a for a in arguments if a.startswith("--")} <= options
    known.make_context(command, arguments.copy())


def test_services_have_a_user_of_their_own_and_write_to_their_folders_only() -> None:
    held = sandbox()
    assert held["User"] == held["Group"] == "lct"
    assert held["ProtectSystem"] == "strict"
    assert held["ProtectHome"] == "yes"
    assert held["NoNewPrivileges"] == "yes"
    assert held["CapabilityBoundingSet"] == ""
    assert held["StateDirectory"] == held["CacheDirectory"] == "lct"
    written = {name: read(UNITS / name)["Service"].get("ReadWritePaths") for name in SERVICES}
    assert written == dict.fromkeys(SERVICES) | {"lct-backup.service": "/var/backups/lct"}
    text = (UNITS / "lct-.service.d" / "sandbox.conf").read_text("utf-8")
    assert "Environment=LCT_DATA_DIR=/var/lib/lct\n" in text
    assert re.search(r"^u lct ", (DEPLOY / "sysusers.d/lct.conf").read_text("utf-8"), re.MULTILINE)
    assert "d /var/backups/lct 0750 lct lct" in (DEPLOY / "tmpfiles.d/lct.conf").read_text("utf-8")


@pytest.mark.parametrize("name", ["lct-daemon.service", "lct-webserver.service"])
def test_dagsters_processes_are_started_again_but_not_for_ever(name: str) -> None:
    unit = read(UNITS / name)
    assert unit["Service"]["Restart"] == "on-failure"
    assert int(unit["Unit"]["StartLimitBurst"]) > 0
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_the_log_is_bounded() -> None:
    namespace = sandbox()["LogNamespace"]
    log = read(DEPLOY / f"journald@{namespace}.conf")["Journal"]
    assert {"SystemMaxUse", "MaxRetentionSec"} <= set(log)


def test_a_backup_is_made_every_night_and_made_up_for() -> None:
    timer = read(UNITS / "lct-backup.timer")
    assert timer["Timer"]["OnCalendar"] == "*-*-* 02:30:00"
    assert timer["Timer"]["Persistent"] == "yes"
    assert timer["Install"]["WantedBy"] == "timers.target"


# ---- as systemd reads them -----------------------------------------------------------------------


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units, with a program that is on this machine."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("skipped: no systemd-analyze here (Debian: apt-get install systemd)")
    shutil.copytree(UNITS, tmp_path / "system")
    for path in (tmp_path / "system").glob("*.service"):
        path.write_text(path.read_text("utf-8").replace(LCT, "/bin/true"), encoding="utf-8")
    return tmp_path / "system"


def analysed(units: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["systemd-analyze", *arguments],
        cwd=units,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_systemd_finds_no_fault_in_the_units(installed: Path) -> None:
    done = analysed(installed, "verify", "--man=no", *SERVICES, "lct-backup.timer")
    assert (done.returncode, done.stderr) == (0, "")
    wrong = installed / "lct-daemon.service"
    wrong.write_text(wrong.read_text("utf-8") + "\n[Service]\nRestrt=always\n", encoding="utf-8")
    said = analysed(installed, "verify", "--man=no", "lct-daemon.service").stderr
    assert "Restrt" in said, "it would say so"


@pytest.mark.parametrize("name", SERVICES)
def test_the_sandbox_is_as_closed_as_systemd_can_tell(name: str, installed: Path) -> None:
    done = analysed(
        *(installed, "security", "--offline=true", "--no-pager"),
        *(f"--threshold={EXPOSURE_AT_MOST}", name),
    )
    assert done.returncode == 0, done.stdout + done.stderr


# ---- lct serve -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("process", "module"),
    [("webserver", "orchestration.cli.webserver"), ("daemon", "dagster._daemon")],
)
def test_a_process_of_dagster_takes_the_place_of_the_command(
    process: serve.Process, module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With its home prepared, in the folder where Dagster finds the code location."""
    became: list[list[str]] = []
    for name in ("DAGSTER_HOME", "DBT_TARGET_PATH", "DBT_LOG_PATH"):
        monkeypatch.setenv(name, "restored after the test")
    monkeypatch.setattr(os, "environ", os.environ.copy())
    monkeypatch.setenv("LCT_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("LCT_DAGSTER_PORT", "3111")
    monkeypatch.setattr(os, "execv", lambda _, arguments: became.append(arguments))
    monkeypatch.chdir(tmp_path)
    serve.main(process)
    [[_, *arguments]] = became
    assert arguments[:2] == ["-m", module]
    if process == "webserver":
        assert arguments[2:] == ["--host", "127.0.0.1", "--port", "3111"]
    assert Path.cwd() == PROJECT_ROOT
    assert os.environ["DAGSTER_HOME"] == str(tmp_path / "dagster")
    assert (tmp_path / "dagster" / "dagster.yaml").exists()
