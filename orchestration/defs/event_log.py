"""Dagster's record of events, in SQLite as by default, without a new connection for each.

A run of ours has about 1,500 events. Dagster's own storage sets up an engine and a connection for
each part of each of them, and every last close has SQLite write its log back: that cost more than
all else where nothing is new. dagster.yaml names this class.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

from dagster._core.event_api import EventHandlerFn
from dagster._core.storage.event_log.sqlite.sqlite_event_log import (
    SQLITE_BUSY_TIMEOUT_SECONDS,
    SqliteEventLogStorage,
    SqliteEventLogStorageWatchdog,
)
from dagster._serdes import ConfigurableClassData
from sqlalchemy import create_engine, event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import StaticPool
from watchdog.events import FileSystemEvent
from watchdog.observers import Observer


class EventLog(SqliteEventLogStorage):
    """One database for the index and one a run, as Dagster lays them out."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        self._engine_of = lru_cache(maxsize=8)(self._new_engine)
        self._tables_found: set[str] = set()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> EventLog:
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = self._engine_of(shard)
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _new_engine(self, shard: str) -> Engine:
        engine = create_engine(
            self.conn_string_for_shard(shard),
            poolclass=StaticPool,  # it stays open
            # one thread at a time has the lock above
            connect_args={"timeout": SQLITE_BUSY_TIMEOUT_SECONDS, "check_same_thread": False},
        )
        event.listen(engine, "connect", _without_waiting_for_the_disk)
        return engine

    def has_table(self, table_name: str) -> bool:
        """Whether the index has a table; of each check Dagster asks again, and none ever goes."""
        if table_name not in self._tables_found and super().has_table(table_name):
            self._tables_found.add(table_name)
        return table_name in self._tables_found

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """As Dagster's own, which looks at the database alone: see `_Watch`."""
        observer: Any = self._obs or Observer()
        if self._obs is None:
            observer.start()
            self._obs = observer
        watch = _Watch(self, run_id, callback, cursor)
        scheduled = observer.schedule(watch, self._base_dir, recursive=True)
        self._watchers[run_id][callback] = (watch, scheduled)

    def wipe(self) -> None:
        self._engine_of.cache_clear()
        self._tables_found.clear()
        super().wipe()

    def dispose(self) -> None:
        self._engine_of.cache_clear()  # closes them
        super().dispose()


class _Watch(SqliteEventLogStorageWatchdog):
    """Dagster's pages watch a run's file: of one that is open, events are in the log beside it."""

    def __init__(self, storage: EventLog, run_id: str, callback: EventHandlerFn, cursor: Any):
        super().__init__(storage, run_id, callback, cursor)
        self._patterns = [self._log_path, f"{self._log_path}-wal"]

    def on_modified(self, event: FileSystemEvent) -> None:
        self._process_log()


def _without_waiting_for_the_disk(connection, _) -> None:
    """An event survives a kill once it is written, and a power cut a moment later."""
    connection.execute("pragma synchronous = normal")
