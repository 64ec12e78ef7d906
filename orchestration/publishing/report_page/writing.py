"""The page as files: templates filled, data as scripts, style sheet, runtime and pictures.

index.html, economy/, product/, mineral/    the pages
data/                                       what the first page's charts and the search read
assets/                                     style sheet, script of our own, runtime, colours
pictures/                                   the first page's figures, for print and for slides
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from orchestration.publishing.report_page import charts, wording
from orchestration.publishing.report_page.claims import departure_words, small_multiples, tally
from orchestration.publishing.report_page.economy_pages import EconomyPage, economy_pages
from orchestration.publishing.report_page.figures import Figure, Table
from orchestration.publishing.report_page.product_pages import (
    ProductPage,
    mineral_pages,
    product_pages,
)
from orchestration.publishing.report_page.publication import Publication
from orchestration.publishing.report_page.story import Story, story_of
from orchestration.publishing.report_page.wording import LANGUAGES, Text, word

INDEX = "index.html"
PARTS = Path(__file__).parent
ASSETS = ("report.css", "report.js", "LICENCES.txt")
# words that the script shows, beside what stands in the pages
WORDS_OF_SCRIPT = (
    *("no_rows", "search_results", "search_none", "value", "printed", "low", "high", "choices"),
    *("synthetic", "chart_of", "products_landed"),
)
UNITS = (
    *("percent", "billion_usd", "usd", "index", "share", "per_deviation", "standard_errors"),
    *("residual_deviations", "million_usd", "thousand_usd", "hundred_million_usd"),
    *("ten_thousand_usd", "trillion_usd"),
)
AMOUNTS = [unit for unit in UNITS if unit.endswith("usd")]


@dataclass(frozen=True)
class Written:
    """What was written: pages, and bytes of everything."""

    pages: int
    bytes: int


def write_report_page(
    connection: duckdb.DuckDBPyConnection, provenance: Mapping[str, Any], folder: Path
) -> Written:
    """Write the page into the new folder `report` below `folder`, and its pictures for slides.

    `connection` reads the published tables; `folder` is that of the publication, in the making.
    Raises FileExistsError if the page is there already.
    """
    published = Publication(connection, provenance)
    page = ReportPage(published, folder / "report")
    # what draws is no Python and leaves this thread its time: both go on at once
    with ThreadPoolExecutor(max_workers=1) as pool:
        page.make_folders(folder / "figures")
        drawing = pool.submit(page.draw, folder / "figures")
        page.write()
        drawing.result()
    files = [p for p in (folder / "report").rglob("*") if p.is_file()]
    return Written(page.pages, sum(p.stat().st_size for p in files))


class ReportPage:
    """One writing of the page: the templates with what all of them are given."""

    def __init__(self, published: Publication, root: Path) -> None:
        self.published, self.root, self.pages = published, root, 0
        self.story: Story = story_of(published)
        self.environment = Environment(
            loader=FileSystemLoader(PARTS / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # in the order given, which is that of a chart's series, and short
        self.environment.policies["json.dumps_kwargs"] = {
            "ensure_ascii": False,
            "separators": (",", ":"),
            "sort_keys": False,
        }
        self.environment.globals |= {
            "word": word,
            "same": wording.same,
            "is_figure": lambda part: isinstance(part, Figure),
            "published": published,
            "published_on": wording.day(str(provenance_day(published))),
            "mark": SYNTHETIC_TITLE if published.is_synthetic else "",
        }

    def make_folders(self, slides: Path) -> None:
        """Raises FileExistsError if the page is there already."""
        for folder in ("economy", "product", "mineral", "data", "assets", "pictures"):
            (self.root / folder).mkdir(parents=True)
        slides.mkdir()

    def write(self) -> None:
        """Everything but what is drawn: pages, data, style sheet and script of our own."""
        self._write_assets()
        economies = [self._economy(page) for page in economy_pages(self.published)]
        products = [self._product(page) for page in product_pages(self.published)]
        minerals = [self._product(page) for page in mineral_pages(self.published)]
        self._data("pages", [*economies, *minerals, *products])
        self._data("figures", {f.anchor: f.data() for f in self.story.figures})
        self._write_page(
            INDEX,
            "index.html",
            title=word("page_title"),
            story=self.story,
            verdicts=tally(list(self.story.claims)),
            regions=self._by_region(),
            sectors=self._by_sector(),
            root="",
        )

    def _write_assets(self) -> None:
        for name in ASSETS:
            shutil.copyfile(PARTS / "assets" / name, self.root / "assets" / name)
        notice = self.published.notice
        variables = charts.palette_css() + (charts.notice_css(notice) if notice else "")
        _write(self.root / "assets/palette.css", variables)
        self._data(
            "charts",
            {
                "specifications": charts.specifications(),
                "configuration": charts.configuration(),
                "heights": charts.HEIGHTS,
                "byLine": charts.BY_LINE,
            },
        )
        words = {code: word(code).pair for code in WORDS_OF_SCRIPT}
        words |= {f"unit_{unit}": word(f"unit_{unit}").pair for unit in UNITS}
        words |= {f"amount_{unit}": word(f"amount_{unit}").pair for unit in AMOUNTS}
        words |= {code: text.pair for code, text in departure_words().items()}
        self._data("words", words)

    def _data(self, name: str, value: Any) -> None:
        _write(self.root / "data" / f"{name}.js", charts.as_script(name, value))

    def _economy(self, page: EconomyPage) -> list[Any]:
        path = f"economy/{safe_name(page.economy.iso3)}.html"
        self._write_page(
            path,
            "economy.html",
            title=page.economy.name,
            page=page,
            figures=_figures(page.parts),
            root="../",
        )
        return [path, *page.economy.name.pair, page.economy.iso3]

    def _product(self, page: ProductPage) -> list[Any]:
        path = f"{page.folder}/{safe_name(page.code)}.html"
        self._write_page(
            path,
            "product.html",
            title=page.name,
            page=page,
            figures=_figures(page.parts),
            root="../",
        )
        return [path, *page.name.pair, page.code]

    def _write_page(self, path: str, template: str, **values: Any) -> None:
        text = self.environment.get_template(template).render(**values)
        _write(self.root / path, text)
        self.pages += 1

    def _by_region(self) -> dict[Text, list[tuple[str, Text]]]:
        found: dict[Text, list[tuple[str, Text]]] = {}
        for iso3, economy in self.published.economies.items():
            link = f"economy/{safe_name(iso3)}.html"
            found.setdefault(economy.region, []).append((link, economy.name))
        return dict(sorted(found.items(), key=lambda item: item[0].en))

    def _by_sector(self) -> dict[Text, list[tuple[str, Text]]]:
        found: dict[Text, list[tuple[str, Text]]] = {
            word("minerals_title"): [
                (f"mineral/{safe_name(code)}.html", name)
                for code, name in self.published.minerals.items()
            ]
        }
        for code, product in self.published.products.items():
            sector = product.row["sector"]
            group = self.published.name("sector", sector) if sector else word("mineral_products")
            found.setdefault(group, []).append((f"product/{safe_name(code)}.html", product.name))
        return found

    def draw(self, slides: Path) -> None:
        """The runtime, and the first page's figures: as SVG in both languages, as PNG in English.

        Letters of Chinese are left to the reader's machine: this one may have no such font.
        """
        _write(self.root / "assets/runtime.js", charts.runtime())
        curves = small_multiples(self.published, list(self.story.claims))
        parts = [p for s in self.story.sections for p in s.parts if isinstance(p, Figure)]
        for figure in [*parts, *([curves] if curves else [])]:
            if figure.is_empty:
                continue
            for language in LANGUAGES:
                spec = charts.picture(figure, language, self.published.notice)
                svg = charts.as_svg(spec)
                name = f"{figure.anchor}.{language}"
                _write(self.root / "pictures" / f"{name}.svg", svg)
                _write(slides / f"{name}.svg", svg)
                if language == "en":
                    (slides / f"{name}.png").write_bytes(charts.as_png(svg))


SYNTHETIC_TITLE = "SYNTHETIC · "


def provenance_day(published: Publication) -> str:
    """When the publication was made."""
    return str(published.provenance["published_at"])


def safe_name(code: str) -> str:
    """A code as the name of a file, whatever is in it."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", code)


def _figures(parts: Iterable[Figure | Table]) -> dict[str, Any]:
    return {p.anchor: p.data() for p in parts if isinstance(p, Figure)}


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
