"""Where a run on Spark reads and writes."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from orchestration.settings import Settings


@dataclass(frozen=True)
class Places:
    """`local` is a folder of this machine; `storage` an address that every worker reaches.

    Without a storage of their own the workers see this machine's folders: a cluster on loopback,
    or a data folder that is mounted everywhere under the same name.
    """

    local: Path
    storage: str | None = None

    @property
    def raw(self) -> str:
        """The raw tables, a folder of Parquet each."""
        return f"{self._address}/raw"

    @property
    def warehouse(self) -> str:
        """Spark's own tables, a folder of Parquet each."""
        return f"{self._address}/warehouse"

    @property
    def events(self) -> Path:
        """Spark's log of what ran where."""
        return self.local / "events"

    @property
    def dbt_target(self) -> Path:
        return self.local / "dbt_target"

    @property
    def scratch(self) -> Path:
        return self.local / "scratch"

    @property
    def _address(self) -> str:
        # not as_uri: Hadoop takes a path to the letter, and would look for %20
        return self.storage or f"file://{self.local}"


def places_of(settings: Settings) -> Places:
    """The places that the settings name, with nothing of an earlier run on this machine."""
    places = Places(settings.data_dir / "build" / "spark", settings.spark_storage)
    shutil.rmtree(places.local, ignore_errors=True)
    for folder in (places.events, places.dbt_target, places.scratch):
        folder.mkdir(parents=True)
    return places
