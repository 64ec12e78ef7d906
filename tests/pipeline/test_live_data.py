"""Live data as a whole, in processes of their own: the full history, killed ones, and secrets."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from orchestration.landing.manifest import read_manifest
from orchestration.settings import PROJECT_ROOT, load_settings
from tests.support.desk import ONLY_TWO_SERIES, Desk
from tests.support.publishers_server import GET_DA, KEY, Fault, PublishersServer, answers
from tests.support.runs import FinishedRun, environment_of, run_pipeline


def environment(server: PublishersServer, folder: Path) -> dict[str, str]:
    return environment_of(
        folder,
        "api",
        LCT_COMTRADE_URL=server.url,
        LCT_WORLD_BANK_URL=server.url,
        LCT_API_PAUSE_SECONDS="0",
        COMTRADE_API_KEY=KEY,
    )


FILL = """
import resource
from orchestration.sources.filling import fill_landing_zone
from orchestration.settings import load_settings
fill_landing_zone(load_settings(), lambda text: print(text, flush=True))
print("peak_kilobytes", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.long(7)
def test_a_long_history_lands_row_for_row(publishers_tables: Path, tmp_path: Path) -> None:
    """Eight years of all that is asked for; the plan of thirty is in tests/unit."""
    with PublishersServer(publishers_tables, years=set(range(2015, 2023))) as server:
        done = subprocess.run(
            [sys.executable, "-c", FILL],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        desk = Desk(tmp_path, server)
        rows = desk.assert_equals_what_is_published()
        peak = int(done.stdout.split("peak_kilobytes")[1]) / 1e6
        print(
            f"eight years: {server.count('/v1/')} calls to UN Comtrade, "
            f"{server.count('/v2/')} to the World Bank, {rows:,} rows, peak {peak:.2f} GB"
        )
        assert server.count("/v1/") <= 150
        assert rows > 50_000
        assert peak < 2.0
        server.calls.clear()
        again = subprocess.run(
            [sys.executable, "-c", FILL],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert again.returncode == 0
        assert len(server.calls) <= 5


def current_files(folder: Path) -> dict[str, str]:
    return {
        f.parameters["published_name"]: f.sha256
        for f in read_manifest(folder / "landing" / "manifest.json").current()
    }


# in many pages instead of few large ones
FILL_TWO_SERIES = f"{ONLY_TWO_SERIES}\nworld_bank.ROWS_PER_PAGE = 1000\n{FILL}"


@pytest.mark.long(2)
def test_killed_twenty_times_and_resumed(publishers_tables: Path, tmp_path: Path) -> None:
    """kill -9 at random moments after random calls leaves what an undisturbed run leaves."""
    chance = random.Random(2026)
    small = {"years": set(range(2005, 2019)), "reporters": {156, 276, 392, 842, 97}}
    with PublishersServer(publishers_tables, **small) as server:
        undisturbed = subprocess.run(
            [sys.executable, "-c", FILL_TWO_SERIES],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path / "calm"),
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert undisturbed.returncode == 0, undisturbed.stdout + undisturbed.stderr
        calm, calm_plans = len(server.calls), server.count(GET_DA)
    with PublishersServer(publishers_tables, **small) as server:
        kills = 0
        while True:
            begun = len(server.calls)
            process = subprocess.Popen(
                [sys.executable, "-c", FILL_TWO_SERIES],
                cwd=PROJECT_ROOT,
                env=environment(server, tmp_path / "killed"),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            if kills < 20:
                after = begun + chance.choice([1, 1, 1, 2])
                while process.poll() is None and len(server.calls) < after:
                    time.sleep(0.002)
                time.sleep(chance.uniform(0, 0.25))
                if process.poll() is None:
                    process.send_signal(signal.SIGKILL)
                    kills += 1
            if process.wait(timeout=120) == 0:
                break
        print(f"undisturbed {calm} calls; killed {kills} times: {len(server.calls)} calls")
        # killed after all trade has landed, the next run asks again what has been released since
        plans = server.count(GET_DA)
        assert plans <= calm_plans * (1 + kills)
        assert len(server.calls) - plans <= calm - calm_plans + kills
        assert current_files(tmp_path / "killed") == current_files(tmp_path / "calm")
        Desk(tmp_path / "killed", server).assert_equals_what_is_published()
    assert kills == 20


@pytest.mark.long(8)
def test_months_are_published_and_sum_to_their_years(
    publishers_tables: Path, tmp_path: Path
) -> None:
    """The whole command: two years of China, one of which has January in February."""
    with PublishersServer(publishers_tables, years={2019, 2020}) as server:
        done = run_pipeline(environment(server, tmp_path), before=ONLY_TWO_SERIES)
    assert done.returncode == 0, done.stdout + done.stderr
    run = FinishedRun(load_settings(environment(server, tmp_path)), done.stdout)
    assert run.ask(
        "select year, count(distinct month), count(distinct flow) "
        "from marts.fct_trade_flow_monthly group by year order by year"
    ) == [(2019, 12, 2), (2020, 11, 2)]
    assert run.ask(
        "select year, is_january_in_february, min(months), max(abs(monthly_usd - annual_usd)), "
        "count(*) - count(annual_usd) "
        "from marts.audit_monthly_sums group by year, is_january_in_february order by year"
    ) == [(2019, False, 12, 0, 0), (2020, True, 11, 0, 0)], "to the cent"
    assert run.ask("select count(*) from marts.trade_revisions") == [(0,)]


def test_the_key_is_nowhere_in_what_a_failing_run_leaves(
    publishers_tables: Path, tmp_path: Path
) -> None:
    """The whole command, refused by every service: output, logs, databases and all files."""
    secret = "f00dfacef00dfacef00dfacef00dface"
    with PublishersServer(publishers_tables, years={2021}) as server:
        server.faults = [
            Fault("/v2/", answers(404, f"no such thing for {secret}"), times=100),
            Fault("/v1/", answers(401, f'{{"message": "key {secret} is not valid"}}'), times=100),
        ]
        done = subprocess.run(
            [sys.executable, "-m", "orchestration.cli", "run"],
            cwd=PROJECT_ROOT,
            env=environment(server, tmp_path) | {"COMTRADE_API_KEY": secret},
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 1
        assert "Check the key (COMTRADE_API_KEY" in done.stdout
        assert any(h.get("Ocp-Apim-Subscription-Key") == secret for h in server.headers), (
            "the key was used"
        )
    assert secret not in done.stdout + done.stderr
    # The World Bank is never sent the key and cannot repeat it: that its answer does is this
    # server's invention.
    holders = [p for p in tmp_path.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()]
    assert holders == []
