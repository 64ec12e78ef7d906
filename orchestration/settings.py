"""The settings of a run: one table from which all else about them derives.

A setting is one row of `Settings`: its variable, its kind (how its text is read and written), its
default and its meaning. The loader, the environment of child processes and .env.example derive from
it. Nothing else reads the environment, except profiles.yml, the dbt macro `setting` and memory.py,
which take the same names. `make settings` writes .env.example.
"""

from __future__ import annotations

import io
import os
import re
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from orchestration.errors import ExplainedError
from orchestration.memory import default_limit
from orchestration.messages import shown

PROJECT_ROOT = Path(__file__).resolve().parent.parent
PLANTED_TRUTH = "planted_truth.json"  # beside the synthetic world's files

SOURCES = ("demo", "files", "api")
BASES = ("china_reported", "partner_reported", "reconciled")
HS_TREATMENTS = ("harmonised", "as_reported", "strict")
MINERAL_SCOPES = ("ores", "all_stages")
DEMO_SCALES = ("small", "report", "baci")
INCOME_VINTAGES = ("FY21", "FY22", "FY23", "FY24", "FY25")
PRICE_OUTLIER_RULES = ("hidiroglou_berthelot", "quartile", "tukey")
PUBLISHED_TABLES = ("everything", "aggregates")
PANEL_FIRST_YEAR = 1992  # once more in dbt_project.yml; a test compares them


class SettingError(ExplainedError, ValueError):
    """A setting has a value that the warehouse cannot work with.

    The message names the variable and the remedy.
    """


@dataclass(frozen=True)
class Kind:
    """How the text of a setting is read and written.

    `read` takes the variable's name and the text; it raises SettingError.
    """

    read: Callable[[str, str], Any]
    write: Callable[[Any], str] = str


@dataclass(frozen=True)
class Setting:
    """One setting as it is known outside: variable, kind, default (as text) and meaning.

    A secret, or what may hold one (an address), never appears in a representation. What is not
    `is_passed_on` stays out of the environment that child processes are given by us (they may still
    inherit it).
    """

    variable: str
    kind: Kind
    default: str
    meaning: str
    is_secret: bool = False
    is_passed_on: bool = True


# ---- kinds ---------------------------------------------------------------------------------------


def choice(*allowed: str) -> Kind:
    def read(variable: str, text: str) -> str:
        if text not in allowed:
            named = "SOURCE" if variable == "LCT_SOURCE" else variable
            raise SettingError(
                f"{named}={shown(text)} is not known; use one of: {', '.join(allowed)}."
            )
        return text

    return Kind(read)


def flag(true: str, false: str) -> Kind:
    chosen = choice(true, false)
    return Kind(
        lambda variable, text: chosen.read(variable, text) == true,
        lambda value: true if value else false,
    )


def whole_number(least: int, most: int | None, remedy: str) -> Kind:
    def read(variable: str, text: str) -> int:
        # only ASCII digits, and no more of them than a number of ours can have
        if not re.fullmatch(r"[0-9]{1,18}", text):
            raise SettingError(f"{variable}={shown(text)} {remedy}")
        number = int(text)
        if number < least or (most is not None and number > most):
            raise SettingError(f"{variable}={shown(text)} {remedy}")
        return number

    return Kind(read)


def _read_seconds(variable: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        raise SettingError(f"{variable}={shown(text)} is not a number of seconds, for example 1.2.")
    return float(text)


def _read_address(variable: str, text: str) -> str:
    """A base address.

    Only this machine may be spoken to unencrypted: the key goes over that line. The message repeats
    nothing that may be a password or a token.
    """
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 else None  # an impossible port raises when read
    except ValueError:
        host = None
    if not host:
        raise SettingError(f"{variable} is not an address such as https://example.org.")
    if "@" in parts.netloc or parts.query or parts.fragment:
        raise SettingError(
            f"{variable} is not a base address; leave out user names and what follows ? or #."
        )
    is_local = parts.scheme == "http" and host in ("127.0.0.1", "localhost")
    if parts.scheme != "https" and not is_local:
        raise SettingError(f"{variable}={shown(text)} is not an address that begins with https://.")
    return text.rstrip("/")


def _read_key(variable: str, text: str) -> str:
    """A key that can be sent in a header. The message never repeats it."""
    if not re.fullmatch(r"[!-~]*", text):
        raise SettingError(
            f"{variable} holds a blank or a character that no key has; "
            "copy it again from the developer portal."
        )
    return text


def _read_vintage(variable: str, text: str) -> str:
    if text != "today" and not re.fullmatch(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])", text):
        raise SettingError(
            f"{variable}={shown(text)} is not known; use a release of the World Development "
            "Indicators as yyyymm (202310 is the report's), or today."
        )
    return text


def _read_years(variable: str, text: str) -> tuple[int, int]:
    """The first and the last year of a window of the panel."""
    years = re.fullmatch(r"([0-9]{4})-([0-9]{4})", text)
    first, last = map(int, years.groups()) if years else (0, 0)
    if not PANEL_FIRST_YEAR <= first <= last < 2100:
        raise SettingError(
            f"{variable}={shown(text)} is not a first and a last year of the panel, "
            f"which starts in {PANEL_FIRST_YEAR}; use for example 1992-2022."
        )
    return first, last


def _path(variable: str, text: str) -> Path:
    """A path that can be looked up, whether or not anything is there."""
    try:
        path = Path(text).expanduser()
        path.exists()
    except RuntimeError:
        raise SettingError(
            f"{variable}={shown(text)}: there is no home folder of that name; "
            "write the folder out, without ~."
        ) from None
    except OSError as error:
        raise SettingError(
            f"{variable}={shown(text)} is a path that cannot be used ({error.strerror}); "
            "name another."
        ) from None
    return path


def _read_optional_path(variable: str, text: str) -> Path | None:
    return _path(variable, text).resolve() if text else None


def _read_project_path(variable: str, text: str) -> Path:
    path = _path(variable, text)
    return path if path.is_absolute() else (PROJECT_ROOT / path).resolve()


def _read_places(variable: str, text: str) -> tuple[str, ...]:
    """Paths and addresses of files, separated by commas; the paths come first.

    What follows an address and is none may be a part of it, torn off at a comma: such a text is
    refused before any of it could be repeated as a path.
    """
    places = [place.strip() for place in text.split(",")]
    places = list(dict.fromkeys(place for place in places if place))
    is_address = ["://" in place for place in places]
    if is_address != sorted(is_address):
        raise SettingError(
            f"{variable}: paths and addresses are separated by commas, the paths first; "
            "a comma within an address is written %2C."
        )
    return tuple(places)


def _read_memory(variable: str, text: str) -> str:
    """An amount of memory as DuckDB takes it; no text: the default of this machine."""
    if not text:
        return default_limit()
    if not re.fullmatch(r"[1-9][0-9]{0,3}GB|[1-9][0-9]{2,6}MB", text):
        raise SettingError(
            f"{variable}={shown(text)} is not an amount of memory; use for example 6GB or 1500MB."
        )
    return text


def _read_rows(variable: str, text: str) -> int | None:
    """A number of rows, as digits or as a power of ten; no text: none is given."""
    if not text:
        return None
    is_number = re.fullmatch(r"[0-9]{1,12}|[0-9]{1,6}(\.[0-9]{1,6})?e[0-9]{1,2}", text)
    rows = Decimal(text) if is_number else Decimal(0)
    if not 300_000 <= rows <= 1_000_000_000 or rows % 1:
        raise SettingError(
            f"{variable}={shown(text)} is not a number of rows from 300000 to 1e9; "
            "use for example 10000000 or 100e6."
        )
    return int(rows)


def _read_master(variable: str, text: str) -> str:
    """Where Spark's work is done."""
    if not re.fullmatch(r"local\[([1-9][0-9]{0,2}|\*)\]|spark://[^\s/,@]+:[0-9]{1,5}", text):
        raise SettingError(
            f"{variable}={shown(text)} is no master of Spark; use local[2], or an address such as "
            "spark://127.0.0.1:7077."
        )
    return text


def _read_storage(variable: str, text: str) -> str | None:
    """A folder in a storage of Hadoop's kinds; two folders below it are replaced."""
    if text and not re.fullmatch(r"[a-z][a-z0-9]*:///?[^\s/@][^\s@]*(?<!/)", text):
        named = variable if "@" in text else f"{variable}={shown(text)}"  # perhaps a key
        raise SettingError(
            f"{named} is not the address of a folder, such as s3a://bucket/lct, without a blank, "
            "a user's name or a slash at its end."
        )
    return text or None


TEXT = Kind(lambda variable, text: text)
MASTER = Kind(_read_master)
STORAGE = Kind(_read_storage, lambda value: value or "")
OPTIONAL_TEXT = Kind(lambda variable, text: text or None, lambda value: value or "")
OPTIONAL_PATH = Kind(_read_optional_path, lambda value: "" if value is None else str(value))
PROJECT_PATH = Kind(_read_project_path)
PLACES = Kind(_read_places, ",".join)
SECONDS = Kind(_read_seconds)
ADDRESS = Kind(_read_address)
KEY = Kind(_read_key)
VINTAGE = Kind(_read_vintage)
MEMORY = Kind(_read_memory)
ROWS = Kind(_read_rows)
YEARS = Kind(_read_years, lambda years: f"{years[0]}-{years[1]}")
SEED = whole_number(0, None, "is not a whole number; use digits only, for example 1992.")
CALLS = whole_number(1, None, "is not a number of calls; a free key has 500.")
PORT = whole_number(1, 65_535, "is not a port; use a number from 1 to 65535, for example 3000.")


def _row(
    variable: str,
    kind: Kind,
    default: str,
    meaning: str,
    *,
    is_secret: bool = False,
    is_passed_on: bool = True,
) -> Any:
    """One row of the table: a field of `Settings` that carries its `Setting`."""
    setting = Setting(variable, kind, default, meaning, is_secret, is_passed_on)
    return field(
        default=kind.read(variable, default), repr=not is_secret, metadata={"setting": setting}
    )


# ---- the table -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Settings:
    """The settings of one run. Build it with `load_settings`."""

    source: str = _row(
        "LCT_SOURCE",
        choice(*SOURCES),
        "demo",
        "Who fills the landing zone: demo (a synthetic world, the default), files (the "
        "publishers' files in LCT_LANDING), api. `make run SOURCE=files LANDING=folder` "
        "sets both for one run.",
    )
    landing_folder: Path | None = _row(
        "LCT_LANDING",
        OPTIONAL_PATH,
        "",
        "SOURCE=files: the folder with the publishers' files. Empty: the landing zone itself.",
    )
    data_dir: Path = _row(
        "LCT_DATA_DIR",
        PROJECT_PATH,
        "data",
        "Where everything a run makes is kept (landed files, the build file, what is "
        "published, Dagster's history).",
    )
    trade_basis: str = _row(
        "LCT_TRADE_BASIS",
        choice("auto", *BASES),
        "auto",
        "Whose report of the trade is the default: auto | china_reported | partner_reported "
        "| reconciled. auto takes the basis that holds both directions of China's trade in "
        "the most years.",
    )
    hs_treatment: str = _row(
        "LCT_HS_TREATMENT",
        choice(*HS_TREATMENTS),
        "harmonised",
        "How codes of other HS revisions are treated by default: harmonised (followed through "
        "splits and merges, the report's way) | as_reported (the listed numbers alone) | strict "
        "(only codes that are the product, whole and alone).",
    )
    mineral_scope: str = _row(
        "LCT_MINERAL_SCOPE",
        choice(*MINERAL_SCOPES),
        "ores",
        "What counts as mineral trade by default: ores (the report's scope) | all_stages.",
    )
    low_carbon_products: Path | None = _row(
        "LCT_LOW_CARBON_PRODUCTS",
        OPTIONAL_PATH,
        "",
        "A list of low-carbon products of your own (CSV: product_code, sector, technology; "
        "also list_revision, description, is_dual_use, evidence_note). Empty: the "
        "reconstructed list of the report, seeds/low_carbon_products.csv.",
    )
    income_vintage: str = _row(
        "LCT_INCOME_VINTAGE",
        choice(*INCOME_VINTAGES),
        "FY24",
        "Vintage of the World Bank's income groups: "
        "FY21 | FY22 | FY23 | FY24 (the report's) | FY25.",
    )
    price_base_year: int = _row(
        "LCT_PRICE_BASE_YEAR",
        whole_number(1988, 2099, "is not a year such as 2022."),
        "2022",
        "The year in which price indices are 100 on average. A chain that does not reach it is 100 "
        "over its first year.",
    )
    price_outlier_rule: str = _row(
        "LCT_PRICE_OUTLIER_RULE",
        choice(*PRICE_OUTLIER_RULES),
        "hidiroglou_berthelot",
        "Which price relatives are left out of indices: hidiroglou_berthelot | quartile | tukey "
        "(marts.price_relative has what each rule says).",
    )
    standardisation_years: tuple[int, int] = _row(
        "LCT_STANDARDISATION_YEARS",
        YEARS,
        "1992-2022",
        "The panel's years, first-last, whose mean and standard deviation make the z-scores of "
        "all years. Fixed, so that z-scores of old years stay when a new year lands; 1992-2022 "
        "are the report's.",
    )
    comtrade_key: str = _row(
        "COMTRADE_API_KEY",
        KEY,
        "",
        "SOURCE=api: the key of UN Comtrade (free, from its developer portal). Only here or "
        "in the environment; it is never written anywhere. Without it, and without LCT_BACI, a "
        "run is a small trial through the preview.",
        is_secret=True,
        is_passed_on=False,
    )
    wdi_vintage: str = _row(
        "LCT_WDI_VINTAGE",
        VINTAGE,
        "202310",
        "SOURCE=api: which release of the World Development Indicators: yyyymm from the "
        "archives (202310 is the report's), or today: the current series, with successors "
        "for those that were retired since (other sources and bases, so levels differ).",
    )
    wdi_bulk: str = _row(
        "LCT_WDI_BULK",
        TEXT,
        "",
        "Where to take the World Bank's bulk file (WDI_CSV.zip) if its interface is down: a "
        "path or an address. It holds today's series.",
        is_secret=True,
    )
    baci: tuple[str, ...] = _row(
        "LCT_BACI",
        PLACES,
        "",
        "BACI: paths and addresses of CEPII's zips (BACI_HSxx_Vyyyymm.zip), separated by commas, "
        "the paths first; for SOURCE=files and SOURCE=api. They are read without unpacking. Of "
        "several revisions the newest that has a year counts. With it and without "
        "COMTRADE_API_KEY, SOURCE=api asks UN Comtrade nothing: BACI alone is the trade.",
        is_secret=True,
    )
    comtrade_calls_a_day: int = _row(
        "LCT_COMTRADE_CALLS_A_DAY", CALLS, "500", "Calls of a day that the key allows."
    )
    api_pause_seconds: float = _row(
        "LCT_API_PAUSE_SECONDS", SECONDS, "1.2", "Seconds between two calls of an interface."
    )
    comtrade_url: str = _row(
        "LCT_COMTRADE_URL",
        ADDRESS,
        "https://comtradeapi.un.org",
        "Base address of UN Comtrade's interface; changed only by tests.",
    )
    world_bank_url: str = _row(
        "LCT_WORLD_BANK_URL",
        ADDRESS,
        "https://api.worldbank.org",
        "Base address of the World Bank's interface; changed only by tests.",
    )
    demo_seed: int = _row(
        "LCT_DEMO_SEED",
        SEED,
        "1992",
        "Seed of the synthetic world: the same seed gives the same bytes.",
    )
    demo_scale: str = _row(
        "LCT_DEMO_SCALE",
        choice(*DEMO_SCALES),
        "report",
        "Size of the synthetic world: report (the default) | small (fewer products per "
        "economy, for a quick look) | baci (every economy pair and six-digit code, 250-300 "
        "million rows unless LCT_DEMO_ROWS says how many). The indicators, China's trade and so "
        "the regressions are the same at every size.",
    )
    demo_rows: int | None = _row(
        "LCT_DEMO_ROWS",
        ROWS,
        "",
        "LCT_DEMO_SCALE=baci: how many rows BACI has in all, from 300000 to 1e9, such as 100e6. "
        "The years stay 1995-2022, each with its part of the rows; what the report looks at stays "
        "whole. Empty: as many as the real BACI has.",
    )
    memory_limit: str = _row(
        "LCT_MEMORY_LIMIT",
        MEMORY,
        "",
        "How much memory the database of a step may use, such as 6GB; what is more goes to disk, "
        "in the data folder. Empty: a quarter of the machine's, and at least 2GB.",
    )
    spark_master: str = _row(
        "LCT_SPARK_MASTER",
        MASTER,
        "local[2]",
        "`make spark`: the cluster that runs the models: local[2] (two threads of this machine, "
        "no cluster) or the address of a standalone cluster's master, spark://host:7077.",
    )
    spark_storage: str | None = _row(
        "LCT_SPARK_STORAGE",
        STORAGE,
        "",
        "`make spark`: an address that all workers reach, for Parquet: file:///srv/lct, "
        "s3a://bucket/lct, hdfs://host/lct. Its folders raw and warehouse are replaced. Empty: "
        "build/spark in the data folder, which the workers then must see under the same name.",
    )
    published_tables: str = _row(
        "LCT_PUBLISH",
        choice(*PUBLISHED_TABLES),
        "everything",
        "Which tables are published: everything | aggregates (without those that hold rows of a "
        "publisher whose terms forbid passing them on; docs/replication.md lists them).",
    )
    has_report_page: bool = _row(
        "LCT_REPORT_PAGE",
        flag("true", "false"),
        "true",
        "Whether a publication holds the report as a page (published/report), and its figures for "
        "slides: false saves some seconds of each.",
    )
    accept_drift: bool = _row(
        "LCT_ACCEPT_DRIFT",
        flag("true", "false"),
        "false",
        "Publish although a number changed beyond the bound that stops publication "
        "(seeds/operations/drift_bounds.csv): true for the one run in which that is intended.",
    )
    full: bool = _row(
        "LCT_FULL",
        flag("true", "false"),
        "false",
        "Build models, estimates and the publication again although nothing they are made from "
        "has changed: true. `make run FULL=1` sets it for one run.",
    )
    dagster_port: int = _row(
        "LCT_DAGSTER_PORT",
        PORT,
        "3000",
        "The port of 127.0.0.1 on which `make dev` serves Dagster's pages.",
    )
    schedules_on: bool = _row(
        "LCT_SCHEDULES",
        flag("on", "off"),
        "off",
        "Start `make dev` with its schedules and sensors running: on | off (they can also "
        "be switched one by one on its Automation page).",
    )
    notice_webhook: str | None = _row(
        "LCT_NOTICE_WEBHOOK",
        OPTIONAL_TEXT,
        "",
        "Where notices of failed runs and of changed numbers go besides the log: an address "
        'that takes a JSON POST with the field "text".',
        is_secret=True,
    )

    # -- places in the data folder --

    @property
    def incoming_dir(self) -> Path:
        """Answers on their way into the landing zone, the plan in progress, the day's calls."""
        return self.data_dir / "incoming"

    @property
    def landing_dir(self) -> Path:
        return self.data_dir / "landing"

    @property
    def manifest_path(self) -> Path:
        return self.landing_dir / "manifest.json"

    @property
    def planted_truth_path(self) -> Path:
        """What is planted in the synthetic world, written beside its files."""
        return self.landing_dir / PLANTED_TRUTH

    @property
    def build_path(self) -> Path:
        return self.data_dir / "build" / "warehouse.duckdb"

    @property
    def published_dir(self) -> Path:
        return self.data_dir / "published"

    @property
    def dbt_target_dir(self) -> Path:
        return self.data_dir / "build" / "dbt_target"

    @property
    def dagster_home(self) -> Path:
        return self.data_dir / "dagster"

    # -- what derives from the table --

    def stated(self, is_synthetic: bool) -> dict[str, str | int]:
        """The settings that determine the content of a publication, as provenance has them."""
        demo: dict[str, str | int] = {"demo_seed": self.demo_seed, "demo_scale": self.demo_scale}
        if self.demo_scale == "baci" and self.demo_rows is not None:
            demo["demo_rows"] = self.demo_rows
        own_list = self.low_carbon_products
        return {
            "source": self.source,
            "trade_basis": self.trade_basis,
            "hs_treatment": self.hs_treatment,
            "mineral_scope": self.mineral_scope,
            "income_vintage": self.income_vintage,
            "price_base_year": self.price_base_year,
            "price_outlier_rule": self.price_outlier_rule,
            "standardisation_years": YEARS.write(self.standardisation_years),
            **(demo if is_synthetic else {}),
            "low_carbon_products": own_list.name if own_list else "seeds/low_carbon_products.csv",
        }

    def secrets(self) -> dict[str, Any]:
        """The settings that are secret, or may hold a secret, by the names of their fields."""
        return {f.name: getattr(self, f.name) for f in fields(self) if not f.repr}

    def environment(self, with_secrets: bool = True) -> dict[str, str]:
        """The same settings as environment variables, for dbt and processes that Dagster starts."""
        values = {
            row.variable: row.kind.write(value)
            for row, value in self._rows()
            if row.is_passed_on and value is not None and (with_secrets or not row.is_secret)
        }
        return values | {
            "DAGSTER_HOME": str(self.dagster_home),
            "DBT_TARGET_PATH": str(self.dbt_target_dir),
            "DBT_LOG_PATH": str(self.dbt_target_dir / "logs"),
            # pyfixest 0.60 sweeps out fixed effects in the order of a Python set, so the last digit
            # of an estimate depends on the seed of Python's hashes; fixed, a second run publishes
            # the same numbers. Takes effect in processes started with it.
            "PYTHONHASHSEED": "0",
            # sums in the same order on any number of processors; our matrices are too small to gain
            # by more
            "OPENBLAS_NUM_THREADS": "1",
        }

    def _rows(self) -> list[tuple[Setting, Any]]:
        return [(f.metadata["setting"], getattr(self, f.name)) for f in fields(self)]


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment`; default: this process's, then .env in the root.

    Raises SettingError, naming the variable and the allowed values, or the line of .env.
    """
    if environment is None:
        environment = {**read_env_file(PROJECT_ROOT / ".env"), **os.environ}
    values = {}
    for f in fields(Settings):
        row: Setting = f.metadata["setting"]
        text = (environment.get(row.variable) or row.default).strip()
        if _UNUSABLE.search(text):
            raise SettingError(
                f"{row.variable} holds a line break, another control character or bytes that are "
                "not UTF-8; write it in one line of plain text."
            )
        values[f.name] = row.kind.read(row.variable, text)
    return Settings(**values)


# no variable of a child process, no line of a log and no file of ours can carry them
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def read_env_file(path: Path) -> dict[str, str]:
    """The variables in the file `path`, as they are written there; none if it does not exist.

    Raises SettingError, naming file and line; what is on the line is not repeated, for it may be a
    key.
    """
    if not path.exists():
        return {}
    from dotenv.parser import parse_stream

    try:
        body = path.read_bytes()
        text = body.decode("utf-8-sig")
    except OSError as error:
        raise SettingError(f"{path} cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise SettingError(
            f"{path}, line {line}: not UTF-8 text; save the file as UTF-8."
        ) from None
    found = {}
    for entry in parse_stream(io.StringIO(text, newline="")):
        before = entry.original.string
        blank_lines = before[: len(before) - len(before.lstrip())].count("\n")
        if entry.error or (entry.key is not None and entry.value is None):
            raise SettingError(
                f"{path}, line {entry.original.line + blank_lines}: not a setting; write "
                "NAME=value, and quotes around a value that holds a quote or begins with one."
            )
        if entry.key is not None and entry.value is not None:
            found[entry.key] = entry.value
    return found


# ---- .env.example
# ----------------------------------------------------------------------------------

# variables that only the tests read
TEST_VARIABLES = (
    (
        "LCT_REAL_LANDING",
        "../shared/landing",
        "Only for the tests: a folder with real publishers' files. Tests that need it are "
        "skipped where it is absent.",
    ),
    (
        "LCT_EXTERNAL_CHECKS",
        "../shared/external",
        "Only for the tests: a folder with published results of others and their data. Tests that "
        "need it are skipped where it is absent.",
    ),
    (
        "LCT_TEST_BENCHMARKS",
        "off",
        "Only for the tests: on measures once with few rows, about a minute, as `make bench` does.",
    ),
    (
        "LCT_TEST_SPARK",
        "corner",
        "Only for the tests: what Spark builds in them, a corner of the small demo or the whole.",
    ),
    (
        "LCT_SOAK_REFRESHES",
        "7",
        "Only for the tests: how many refreshes in a row the soak test makes, the first "
        "five of them killed. `make soak` sets 30.",
    ),
)


def env_example() -> str:
    """The text of .env.example: every setting with its meaning and its default, commented out."""
    rows = [f.metadata["setting"] for f in fields(Settings)]
    listed = [(row.variable, row.default, row.meaning) for row in rows] + list(TEST_VARIABLES)
    head = (
        "# Settings of the Low-Carbon Trade Warehouse. Copy to .env and change what you need;\n"
        "# the environment wins over .env. `make settings` writes this file.\n"
    )
    parts = [
        "".join(f"# {line}\n" for line in textwrap.wrap(meaning, 96)) + f"#{variable}={default}\n"
        for variable, default, meaning in listed
    ]
    return "\n".join([head, *parts])


if __name__ == "__main__":  # `make settings`
    (PROJECT_ROOT / ".env.example").write_text(env_example(), encoding="utf-8")
