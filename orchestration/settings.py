"""The settings of a run: environment variables (or .env), their defaults and their validation.

Every variable is listed, with its meaning, in .env.example. Nothing else in the project reads the
environment, except profiles.yml and the dbt macro `setting`, which use the same names.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PROJECT_ROOT = Path(__file__).resolve().parent.parent
PLANTED_TRUTH = "planted_truth.json"  # beside the synthetic world's files

SOURCES = ("demo", "files", "api")
BASES = ("china_reported", "partner_reported", "reconciled")
HS_TREATMENTS = ("as_reported", "harmonised", "strict")
MINERAL_SCOPES = ("ores", "all_stages")
DEMO_SCALES = ("small", "report", "baci")
INCOME_VINTAGES = ("FY21", "FY22", "FY23", "FY24", "FY25")


class SettingError(ValueError):
    """A setting has a value that the warehouse cannot work with."""


@dataclass(frozen=True)
class Settings:
    """The settings of one run. Build it with `load_settings`."""

    source: str
    landing_folder: Path | None
    data_dir: Path
    trade_basis: str
    hs_treatment: str
    mineral_scope: str
    income_vintage: str
    demo_seed: int
    demo_scale: str
    low_carbon_products: Path | None = None
    accept_drift: bool = False
    schedules_on: bool = False
    notice_webhook: str | None = field(default=None, repr=False)
    comtrade_key: str = field(default="", repr=False)
    comtrade_url: str = "https://comtradeapi.un.org"
    comtrade_calls_a_day: int = 500
    world_bank_url: str = "https://api.worldbank.org"
    wdi_vintage: str = "202310"
    wdi_bulk: str = ""
    baci: str = ""
    api_pause_seconds: float = 1.2
    dagster_port: int = 3000

    @property
    def incoming_dir(self) -> Path:
        """Folder for API answers not yet landed.

        It also holds the plan in progress and the count of the day's calls.
        """
        return self.data_dir / "incoming"

    @property
    def landing_dir(self) -> Path:
        return self.data_dir / "landing"

    @property
    def manifest_path(self) -> Path:
        return self.landing_dir / "manifest.json"

    @property
    def planted_truth_path(self) -> Path:
        """The truth planted in the synthetic world, written beside its files."""
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

    def stated(self, is_synthetic: bool) -> dict[str, str | int]:
        """The settings that a publication's content depends on, as stated in its provenance."""
        return {
            "source": self.source,
            "trade_basis": self.trade_basis,
            "hs_treatment": self.hs_treatment,
            "mineral_scope": self.mineral_scope,
            "income_vintage": self.income_vintage,
            **(
                {"demo_seed": self.demo_seed, "demo_scale": self.demo_scale} if is_synthetic else {}
            ),
            "low_carbon_products": self.low_carbon_products.name
            if self.low_carbon_products
            else "seeds/low_carbon_products.csv",
        }

    def environment(self) -> dict[str, str]:
        """The same settings as environment variables, for dbt and processes started by Dagster."""
        values = {
            "LCT_SOURCE": self.source,
            "LCT_DATA_DIR": str(self.data_dir),
            "LCT_TRADE_BASIS": self.trade_basis,
            "LCT_HS_TREATMENT": self.hs_treatment,
            "LCT_MINERAL_SCOPE": self.mineral_scope,
            "LCT_INCOME_VINTAGE": self.income_vintage,
            "LCT_DEMO_SEED": str(self.demo_seed),
            "LCT_DEMO_SCALE": self.demo_scale,
            "LCT_ACCEPT_DRIFT": "true" if self.accept_drift else "false",
            "LCT_SCHEDULES": "on" if self.schedules_on else "off",
            "LCT_COMTRADE_URL": self.comtrade_url,
            "LCT_COMTRADE_CALLS_A_DAY": str(self.comtrade_calls_a_day),
            "LCT_WORLD_BANK_URL": self.world_bank_url,
            "LCT_WDI_VINTAGE": self.wdi_vintage,
            "LCT_WDI_BULK": self.wdi_bulk,
            "LCT_BACI": self.baci,
            "LCT_API_PAUSE_SECONDS": str(self.api_pause_seconds),
            "LCT_DAGSTER_PORT": str(self.dagster_port),
            "DAGSTER_HOME": str(self.dagster_home),
            "DBT_TARGET_PATH": str(self.dbt_target_dir),
            "DBT_LOG_PATH": str(self.dbt_target_dir / "logs"),
            # pyfixest 0.60 sweeps out fixed effects in the order of a Python set, so the last digit
            # of an estimate depends on Python's hash seed. With a fixed seed a second run publishes
            # the same numbers. It takes effect in processes started with it.
            "PYTHONHASHSEED": "0",
            # sums in the same order on any number of processors; our matrices are too small to gain
            # from more threads
            "OPENBLAS_NUM_THREADS": "1",
        }
        if self.low_carbon_products is not None:
            values["LCT_LOW_CARBON_PRODUCTS"] = str(self.low_carbon_products)
        if self.notice_webhook:
            values["LCT_NOTICE_WEBHOOK"] = self.notice_webhook
        if self.landing_folder is not None:
            values["LCT_LANDING"] = str(self.landing_folder)
        return values


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise SettingError(f"{name}={value!r} is not known; use one of: {', '.join(allowed)}.")
    return value


def _address(name: str, value: str) -> str:
    """A base address; http is allowed for this machine only, because requests carry the key."""
    parts = urlsplit(value)
    if parts.scheme != "https" and not (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost")
    ):
        raise SettingError(f"{name}={value!r} is not an address that begins with https://.")
    return value.rstrip("/")


def _key(value: str) -> str:
    """A key that can be sent in a header. The error message never contains it."""
    if not re.fullmatch(r"[!-~]*", value):
        raise SettingError(
            "COMTRADE_API_KEY holds a blank or a character that no key has; "
            "copy it again from the developer portal."
        )
    return value


def _vintage(value: str) -> str:
    if value != "today" and not re.fullmatch(r"(19|20)\d\d(0[1-9]|1[0-2])", value):
        raise SettingError(
            f"LCT_WDI_VINTAGE={value!r} is not known; use a release of the World Development "
            "Indicators as yyyymm (202310 is the report's), or today."
        )
    return value


def load_settings(environment: dict[str, str] | None = None) -> Settings:
    """Read the settings from `environment`.

    By default that is the process environment, then .env in the project's root. Raises
    SettingError, naming the variable and the allowed values.
    """
    if environment is None:
        from dotenv import dotenv_values

        from_file = {k: v for k, v in dotenv_values(PROJECT_ROOT / ".env").items() if v is not None}
        environment = {**from_file, **os.environ}

    def get(name: str, default: str) -> str:
        return (environment.get(name) or default).strip()

    data_dir = Path(get("LCT_DATA_DIR", "data")).expanduser()
    landing = get("LCT_LANDING", "")
    own_list = get("LCT_LOW_CARBON_PRODUCTS", "")
    seed = get("LCT_DEMO_SEED", "1992")
    if not seed.isdigit():
        raise SettingError(
            f"LCT_DEMO_SEED={seed!r} is not a whole number; use digits only, for example 1992."
        )
    calls, pause = get("LCT_COMTRADE_CALLS_A_DAY", "500"), get("LCT_API_PAUSE_SECONDS", "1.2")
    if not calls.isdigit() or calls == "0":
        raise SettingError(
            f"LCT_COMTRADE_CALLS_A_DAY={calls!r} is not a number of calls; a free key has 500."
        )
    if not re.fullmatch(r"\d+(\.\d+)?", pause):
        raise SettingError(
            f"LCT_API_PAUSE_SECONDS={pause!r} is not a number of seconds, for example 1.2."
        )
    port = get("LCT_DAGSTER_PORT", "3000")
    if not port.isdigit() or not 0 < int(port) < 65_536:
        raise SettingError(
            f"LCT_DAGSTER_PORT={port!r} is not a port; "
            "use a number from 1 to 65535, for example 3000."
        )
    return Settings(
        source=_one_of("SOURCE", get("LCT_SOURCE", "demo"), SOURCES),
        landing_folder=Path(landing).expanduser().resolve() if landing else None,
        data_dir=data_dir if data_dir.is_absolute() else (PROJECT_ROOT / data_dir).resolve(),
        trade_basis=_one_of("LCT_TRADE_BASIS", get("LCT_TRADE_BASIS", "auto"), ("auto", *BASES)),
        hs_treatment=_one_of(
            "LCT_HS_TREATMENT", get("LCT_HS_TREATMENT", "as_reported"), HS_TREATMENTS
        ),
        mineral_scope=_one_of(
            "LCT_MINERAL_SCOPE", get("LCT_MINERAL_SCOPE", "ores"), MINERAL_SCOPES
        ),
        income_vintage=_one_of(
            "LCT_INCOME_VINTAGE", get("LCT_INCOME_VINTAGE", "FY24"), INCOME_VINTAGES
        ),
        demo_seed=int(seed),
        demo_scale=_one_of("LCT_DEMO_SCALE", get("LCT_DEMO_SCALE", "report"), DEMO_SCALES),
        accept_drift=_one_of(
            "LCT_ACCEPT_DRIFT", get("LCT_ACCEPT_DRIFT", "false"), ("true", "false")
        )
        == "true",
        schedules_on=_one_of("LCT_SCHEDULES", get("LCT_SCHEDULES", "off"), ("on", "off")) == "on",
        notice_webhook=get("LCT_NOTICE_WEBHOOK", "") or None,
        low_carbon_products=Path(own_list).expanduser().resolve() if own_list else None,
        comtrade_key=_key(get("COMTRADE_API_KEY", "")),
        comtrade_url=_address(
            "LCT_COMTRADE_URL", get("LCT_COMTRADE_URL", "https://comtradeapi.un.org")
        ),
        comtrade_calls_a_day=int(calls),
        world_bank_url=_address(
            "LCT_WORLD_BANK_URL", get("LCT_WORLD_BANK_URL", "https://api.worldbank.org")
        ),
        wdi_vintage=_vintage(get("LCT_WDI_VINTAGE", "202310")),
        wdi_bulk=get("LCT_WDI_BULK", ""),
        baci=get("LCT_BACI", ""),
        api_pause_seconds=float(pause),
        dagster_port=int(port),
    )
