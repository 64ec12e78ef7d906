"""The summary that a whole run prints."""

from __future__ import annotations

import re

from rich.cells import cell_len

from tests.support.runs import FinishedRun


def test_the_summary_fits_eighty_columns_and_breaks_nothing(demo_run: FinishedRun) -> None:
    published = str(demo_run.settings.published_dir / "warehouse.duckdb")
    report = str(demo_run.settings.published_dir / "report" / "index.html")
    _, summary = demo_run.output.split("\nPublished 000001 ")
    lines = summary.splitlines()
    assert [line for line in lines if cell_len(line) > 80 and line not in (published, report)] == []
    for whole in (
        "table 10 (4)",
        "95 %",
        published,
        report,
        "(report.published_comparison)",
        "published.warehouse ",
        "(estimates.claims)",
    ):
        assert any(whole in line for line in lines), whole
    words = " ".join(summary.split())
    for source in ("UN Comtrade annual", "BACI", "World Development Indicators"):
        assert f"{source} 2022" in words
    assert "they say nothing of the world" in words
    [counted] = re.findall(r"claims of the report: (.+?) \(estimates.claims\)", words)
    verdicts = demo_run.ask("select verdict, count(*) from estimates.claims group by verdict")
    assert sorted(counted.split(", ")) == sorted(f"{verdict} {n}" for verdict, n in verdicts)
    assert "inside their 95 % intervals, equal variance, no correlation (iid);" in words
