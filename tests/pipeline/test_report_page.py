"""The report's page as its reader meets it: opened from a file, by a browser without a network.

One browser and one finished run serve all tests. What the page says is compared with what the SQL
that it shows gives on the published warehouse.
"""

from __future__ import annotations

import importlib.resources
import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import numpy as np
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.writing import ReportPage
from tests.support.browser import BROWSER_FLAGS, browser_on_this_machine
from tests.support.runs import FinishedRun

INDEX = "index.html"
PRODUCT, MINERAL = "product/854140.html", "mineral/lithium.html"
MARKUP = "<img src=x onerror=window.hacked=1>\"'&</script>"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def report(demo_run: FinishedRun) -> Path:
    return demo_run.settings.published_dir.resolve() / "report"


@pytest.fixture(scope="module")
def economy(demo_run: FinishedRun) -> str:
    """The page of an economy with residuals, the one with most of them."""
    [(iso3,)] = demo_run.ask(
        "select iso3 from estimates.residuals group by iso3 order by count(*) desc, iso3 limit 1"
    )
    return f"economy/{iso3}.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = browser_on_this_machine()
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=executable, args=BROWSER_FLAGS)
        yield started
        started.close()


class Reader:
    """A window that is offline, and what it asked for and complained of."""

    def __init__(self, context: BrowserContext, report: Path) -> None:
        self.page: Page = context.new_page()
        self.report = report
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: str, language: str = "en", theme: str = "light") -> Page:
        address = f"{(self.report / path).as_uri()}?language={language}&theme={theme}"
        self.page.goto(address)
        return self.page

    def draw_all(self) -> None:
        self.page.evaluate("window.lctReport.drawAll()")
        self.page.wait_for_function(
            "[...document.querySelectorAll('[data-figure]')]"
            ".every(figure => figure.classList.contains('drawn'))"
        )


@pytest.fixture
def reader(browser: Browser, report: Path) -> Iterator[Reader]:
    context = browser.new_context(offline=True, viewport={"width": 1200, "height": 900})
    yield Reader(context, report)
    context.close()


def figures_of(page: Page) -> dict[str, dict[str, Any]]:
    """What each figure holds: its data, the rows that its charts drew, and marks by panel."""
    return page.evaluate(
        """
        Object.fromEntries(Object.entries(window.lctReport.drawn).map(([anchor, figure]) => [
            anchor,
            {
                columns: figure.data.columns,
                rows: figure.data.rows,
                chart: figure.data.panels[0].chart,
                sql: figure.element.querySelector('pre').textContent,
                choices: figure.choices,
                x: figure.x,
                panels: figure.data.panels.map((panel, place) => ({
                    where: panel.where,
                    factor: figure.measures[place].factor,
                    drawn: figure.views[place].data('rows').map(row => row.value),
                    marks: [...figure.element.querySelectorAll(
                        `.plot[data-panel="${place}"] .mark-symbol, ` +
                        `.plot[data-panel="${place}"] .mark-rect`
                    )].reduce((n, group) => Math.max(n, group.children.length), 0),
                })),
            },
        ]))
        """
    )


def same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool) or one is None or other is None:
        return one == other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-12)
    return str(one) == str(other)


# ---- numbers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["index", "economy", "product", "mineral"])
def test_figures_are_drawn_from_the_warehouse_without_a_request(
    which: str, reader: Reader, economy: str, demo_run: FinishedRun
) -> None:
    pages = {"index": INDEX, "economy": economy, "product": PRODUCT, "mineral": MINERAL}
    page = reader.open(pages[which])
    reader.draw_all()
    figures = figures_of(page)
    assert len(figures) >= (30 if which == "index" else 3)
    for anchor, figure in figures.items():
        if figure["chart"] != "curve":
            columns = ", ".join(f'"{column}"' for column in figure["columns"])
            asked = demo_run.ask(f"select {columns} from ({figure['sql']})")
            assert len(asked) == len(figure["rows"]), anchor
            for told, found in zip(figure["rows"], asked, strict=True):
                assert all(map(same, told, found)), (anchor, told, found)
        else:
            assert sorted(r[2] for r in figure["rows"]) == pytest.approx(
                sorted(x for (x,) in demo_run.ask(f"select estimate from ({figure['sql']})"))
            ), anchor
        for panel in figure["panels"]:
            wanted = {**panel["where"], **figure["choices"]}
            if figure["chart"] == "ranked" and figure["x"] is not None:
                wanted["x"] = figure["x"]
            rows = [dict(zip(figure["columns"], r, strict=True)) for r in figure["rows"]]
            rows = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
            assert panel["drawn"] == pytest.approx([r["value"] * panel["factor"] for r in rows])
            assert panel["marks"] == len(rows) > 0, (anchor, panel["where"])
    assert [r for r in reader.requests if not r.startswith("file://")] == []
    assert reader.complaints == []


def numbers_in(rows: list[tuple]) -> np.ndarray:
    """All numbers of the answer to a query; text and NULL are none."""
    values = [value for row in rows for value in row if isinstance(value, int | float | Decimal)]
    found = np.array(values, dtype=float)
    return found[np.isfinite(found)]


def test_numbers_of_tables_are_those_of_their_query(
    reader: Reader, economy: str, demo_run: FinishedRun
) -> None:
    for path in (INDEX, economy, PRODUCT, MINERAL):
        page = reader.open(path)
        tables = page.evaluate(
            """
            [...document.querySelectorAll('[data-table]')].map(table => ({
                anchor: table.id,
                sql: table.querySelector('pre')?.textContent,
                rows: table.querySelectorAll('tbody tr').length,
                numbers: [...table.querySelectorAll('[data-v]')].map(cell => +cell.dataset.v),
            }))
            """
        )
        assert tables
        for table in tables:
            if not table["sql"] or table["sql"].startswith("--") or not table["rows"]:
                continue
            known = numbers_in(demo_run.ask(table["sql"]))
            if table["anchor"] == "panel":
                known = np.union1d(known, np.arange(1, 100))  # years with a value
            strange = [n for n in table["numbers"] if not np.isclose(known, n, rtol=1e-6).any()]
            assert strange == [], table["anchor"]
    assert reader.complaints == []


def test_all_printed_coefficients_stand_beside_ours(reader: Reader, demo_run: FinishedRun) -> None:
    page = reader.open(INDEX)
    for n in range(4, 13):
        shown = page.evaluate(
            f"""
            [...document.querySelectorAll('#table-{n} tbody tr')].map(row =>
                [...row.querySelectorAll('td')].slice(1, 3).map(cell => +cell.dataset.v))
            """
        )
        asked = demo_run.ask(
            "select published_estimate, own_estimate from estimates.scorecard where exhibit = ?",
            [f"table_{n}"],
        )
        assert len(shown) == len(asked) > 0
        for told, found in zip(sorted(shown), sorted(asked), strict=True):
            assert told == pytest.approx(list(found))


# ---- ways of the reader --------------------------------------------------------------------------


def test_the_language_switch_keeps_the_place(reader: Reader) -> None:
    page = reader.open(INDEX)
    page.evaluate("document.getElementById('figure-2').scrollIntoView()")
    reader.draw_all()
    place = "document.getElementById('figure-2-title').getBoundingClientRect().top"
    before = page.evaluate(place)
    # a click of the driver would scroll first
    switch = "document.getElementById('language').click()"
    page.evaluate(switch)
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    assert page.evaluate(place) == pytest.approx(before, abs=2)
    assert "重建" in page.title()
    assert page.locator("#figure-2-title").inner_text().startswith("图 2")
    assert page.locator("main span[lang=en]:visible").count() == 0
    page.wait_for_function("document.querySelector('#figure-2 .unit').textContent === '亿美元'")
    page.wait_for_timeout(300)
    assert page.evaluate(place) == pytest.approx(before, abs=2), "also when all is drawn again"
    page.evaluate(switch)
    assert page.locator("main span[lang=zh-Hans]:visible").count() == 0
    assert reader.complaints == []


def test_slider_and_switch_work_from_the_keyboard(reader: Reader, demo_run: FinishedRun) -> None:
    page = reader.open(INDEX)
    reader.draw_all()
    page.focus("#figure-1 input[type=range]")
    [(latest,)] = demo_run.ask("select max(year) from report.figure_1")
    page.keyboard.press("ArrowLeft")
    assert page.locator("#figure-1 output").inner_text() == str(latest - 1)
    [(share,)] = demo_run.ask(
        "select value from report.figure_1 "
        "where year = ? and \"group\" = 'China' and measure = 'export share'",
        [latest - 1],
    )
    assert f"{share:.1f}" in page.locator("#figure-1 .readout tbody tr").first.inner_text()
    page.select_option("#figure-1 select", "strict baci")
    [(of_choice,)] = demo_run.ask(
        "select value from report.figure_1_variants where year = ? and \"group\" = 'China' "
        "and measure = 'export share' and hs_treatment = 'strict' and source = 'baci'",
        [latest - 1],
    )
    page.wait_for_function(
        f"document.querySelector('#figure-1 .readout tbody tr').textContent"
        f".includes('{of_choice:.1f}')"
    )
    unreachable = page.evaluate(
        "[...document.querySelectorAll('main a[href], button, input, select, summary')]"
        ".filter(each => each.tabIndex < 0).length"
    )
    assert unreachable == 0
    assert reader.complaints == []


def test_search_finds_economies_and_products_in_both_languages(reader: Reader) -> None:
    page = reader.open(PRODUCT)
    for wanted, path in (
        ("germ", "economy/DEU.html"),
        ("德国", "economy/DEU.html"),
        ("283691", "product/283691.html"),
        ("lithium", "mineral/lithium.html"),
    ):
        page.fill("#search", wanted)
        links = page.eval_on_selector_all(".found a", "links => links.map(link => link.href)")
        assert any(link.endswith(path) for link in links), wanted
    page.fill("#search", "no such thing")
    assert page.locator(".found a").count() == 0
    page.fill("#search", "germany")
    page.press("#search", "Enter")
    page.wait_for_url("**/economy/DEU.html")
    assert reader.complaints == []


def test_links_between_all_pages_resolve_and_nothing_is_large(report: Path) -> None:
    texts = {path: path.read_text("utf-8") for path in report.rglob("*.html")}
    assert len(texts) > 300
    anchors = {path: set(re.findall(r' id="([^"]+)"', text)) for path, text in texts.items()}
    files = {path for path in report.rglob("*") if path.is_file()}
    for path, text in texts.items():
        assert not re.search(r"<[^>]* (on\w+|style)=", text), "the policy lets neither run"
        for target in set(re.findall(r' (?:href|src)="([^"]+)"', text)):
            assert "://" not in target, (path, target)
            file, _, anchor = target.partition("#")
            aimed_at = Path(os.path.normpath(path.parent / unquote(file))) if file else path
            assert aimed_at in files, (path, target)
            assert not anchor or unquote(anchor) in anchors[aimed_at], (path, target)
    assert (report / INDEX).stat().st_size < 2 * MEGABYTE
    assert sum(path.stat().st_size for path in files) < 25 * MEGABYTE


def test_nothing_is_wider_than_a_phone(reader: Reader, economy: str) -> None:
    page = reader.page
    page.set_viewport_size({"width": 360, "height": 700})
    for path, language in ((INDEX, "en"), (economy, "zh"), (PRODUCT, "en"), (MINERAL, "zh")):
        reader.open(path, language, "dark")
        reader.draw_all()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    assert reader.complaints == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_paper_is_white_and_has_every_figure(language: str, reader: Reader, economy: str) -> None:
    page = reader.open(economy, language, "dark")
    reader.draw_all()
    assert len(page.pdf(prefer_css_page_size=True)) > 50_000
    page = reader.open(INDEX, language, "dark")
    page.emulate_media(media="print")
    assert page.locator(".bar, .contents, .controls, .actions").filter(visible=True).count() == 0
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    pictures = page.eval_on_selector_all(
        "[data-figure]:not(.drawn) > .picture img",
        "images => images.filter(i => i.offsetWidth).map(i => i.naturalWidth)",
    )
    assert len(pictures) >= 6
    assert min(pictures) > 200, "one that is not drawn yet is printed from its file"
    assert reader.complaints == []


def test_synthetic_numbers_say_so_on_every_page(report: Path) -> None:
    for path in report.rglob("*.html"):
        text = path.read_text("utf-8")
        assert "SYNTHETIC DEMO DATA" in text
        assert "<title>SYNTHETIC" in text
    for path in report.rglob("*.svg"):
        assert re.search("SYNTHETIC|合成演示数据", path.read_text("utf-8")), path.name
    assert "@top-left" in (report / "assets/palette.css").read_text("utf-8")


def test_axe_finds_nothing_serious(browser: Browser, report: Path, economy: str) -> None:
    package = pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    axe = importlib.resources.files(package).joinpath("axe.min.js").read_text("utf-8")
    # axe is put into the page by the test, which the page's own policy would refuse
    context = browser.new_context(offline=True, bypass_csp=True)
    reader = Reader(context, report)
    found = []
    for path in (INDEX, economy, PRODUCT):
        # of the first page, which takes seconds, each language and each theme once
        ways = [("en", "light"), ("zh", "dark"), ("en", "dark"), ("zh", "light")]
        for language, theme in ways[:2] if path == INDEX else ways:
            page = reader.open(path, language, theme)
            page.wait_for_function("window.lctReport.firstFigure || scrollTo(0, 2000)")
            page.evaluate(axe)
            # charts are hidden from what reads the page aloud; each has a name and a table
            result = page.evaluate(
                "axe.run({exclude: [['svg']]}, {resultTypes: ['violations'], elementRef: false})"
            )
            found += [
                (path, language, theme, v["id"], v["nodes"][0]["html"][:120])
                for v in result["violations"]
                if v["impact"] in ("serious", "critical")
            ]
    context.close()
    assert found == []


# ---- what is put into it -------------------------------------------------------------------------


def in_memory(demo_run: FinishedRun, rows_of: Callable[[str], bool]) -> duckdb.DuckDBPyConnection:
    """The published tables as views, empty but for those that `rows_of` names."""
    warehouse = demo_run.settings.published_dir / "warehouse.duckdb"
    connection = duckdb.connect()
    connection.execute(f"attach '{warehouse}' as published (read_only)")
    for schema, table in connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = 'published'"
    ).fetchall():
        connection.execute(f"create schema if not exists {schema}")
        condition = "true" if rows_of(table) else "false"
        connection.execute(
            f"create view {schema}.{table} as "
            f"select * from published.{schema}.{table} where {condition}"
        )
    return connection


def test_parts_without_data_say_why(demo_run: FinishedRun, tmp_path: Path) -> None:
    provenance = json.loads((demo_run.settings.published_dir / "provenance.json").read_text())
    without_data = {"run_choices", "dim_product", "dim_variable"}
    with in_memory(demo_run, without_data.__contains__) as connection:
        page = ReportPage(Publication(connection, provenance), tmp_path / "report")
        page.make_folders(tmp_path / "figures")
        page.write()
    for path in (INDEX, PRODUCT, MINERAL):
        text = (tmp_path / "report" / path).read_text("utf-8")
        assert "data-figure=" not in text
        parts = re.findall(r'<(?:figure|section) class="figure.*?</(?:figure|section)>', text, re.S)
        said = [re.search(r'class="empty">(.+?)</p>|<table', part, re.S) for part in parts]
        assert all(said), path
        assert sum("empty" in found[0] for found in said if found) >= 3


def test_names_that_hold_markup_inject_nothing(
    browser: Browser, demo_run: FinishedRun, report: Path, tmp_path: Path
) -> None:
    connection = in_memory(demo_run, lambda table: True)
    connection.execute(
        f"""
        create or replace view marts.dim_economy as
        select * replace ($${MARKUP}$$ as economy_name, $${MARKUP}$$ as economy_name_zh)
        from published.marts.dim_economy
        where iso3 in ('DEU', 'CHN');
        create or replace view marts.dim_product as
        select * replace (
            $${MARKUP}$$ as short_name,
            $${MARKUP}$$ as short_name_zh,
            $${MARKUP}$$ as description,
            $${MARKUP}$$ as evidence_note
        )
        from published.marts.dim_product
        where product_code in ('854140', '283691')
        """
    )
    provenance = json.loads((demo_run.settings.published_dir / "provenance.json").read_text())
    page_of_markup = ReportPage(Publication(connection, provenance), tmp_path / "report")
    page_of_markup.make_folders(tmp_path / "figures")
    page_of_markup.write()
    shutil.copy(report / "assets/runtime.js", tmp_path / "report/assets")
    connection.close()
    context = browser.new_context(offline=True)
    reader = Reader(context, tmp_path / "report")
    for path in (INDEX, "economy/DEU.html", PRODUCT):
        for language in ("en", "zh"):
            page = reader.open(path, language)
            reader.draw_all()
            page.fill("#search", "onerror")
            assert page.locator(".found a").count() >= 4
            assert page.locator("img[src=x]").count() == 0
            assert page.evaluate("window.hacked") is None
            if path != INDEX:
                assert page.locator("h1").inner_text() == MARKUP
    complaints = set(reader.complaints)
    assert complaints <= {"Failed to load resource: net::ERR_FILE_NOT_FOUND"}, "of its pictures"
    context.close()
