"""The Spark session that dbt uses: what the models rely on is set here, and nothing else.

How much memory executors have, which libraries reach an object store and with which keys is the
cluster's business: Spark reads that from its own spark-defaults.conf (SPARK_CONF_DIR).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from pyspark.sql import SparkSession

from orchestration.cluster.handover import clear_warehouse
from orchestration.cluster.places import Places

# The schemas of the warehouse; `operations` holds nothing of Spark's, but a hook of dbt names it.
SCHEMAS = ("raw", "seeds", "staging", "intermediate", "marts", "report", "operations")

_RELIED_ON = {
    # errors where DuckDB has errors: an overflow or a text that is no number is not null
    "spark.sql.ansi.enabled": "true",
    "spark.sql.ansi.doubleQuotedIdentifiers": "true",
    "spark.sql.session.timeZone": "UTC",
    # one run, one process: what tables exist is known to the session and forgotten with it
    "spark.sql.catalogImplementation": "in-memory",
    # sums of decimals keep their three digits, or fail
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
}
# On this machine data are small, and planning and compiling cost more than the data do: Java
# compiles quickly rather than well. A cluster of one's own has all this in its spark-defaults.conf.
JAVA_OPTIONS = "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"
ON_THIS_MACHINE = {
    "spark.driver.memory": "2g",
    "spark.driver.extraJavaOptions": JAVA_OPTIONS,
    "spark.sql.shuffle.partitions": "2",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


@contextmanager
def spark_session(
    master: str, places: Places, more: Mapping[str, str] | None = None
) -> Iterator[SparkSession]:
    """A session on the cluster `master`, with the warehouse's schemas, stopped at the end."""
    is_local = master.startswith("local")
    settings = {
        **_RELIED_ON,
        **(ON_THIS_MACHINE if is_local else {}),
        "spark.sql.warehouse.dir": places.warehouse,
        "spark.local.dir": str(places.scratch),
        # one file of plain text: distribution.py reads it
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": str(places.events),
        "spark.eventLog.compress": "false",
        "spark.eventLog.rolling.enabled": "false",
        **(more or {}),
    }
    builder = SparkSession.builder.appName("low-carbon-trade-warehouse").master(master)
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        clear_warehouse(session, places)
        for schema in SCHEMAS:
            session.sql(f"create schema if not exists {schema}")
        yield session
    finally:
        session.stop()
