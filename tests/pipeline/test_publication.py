"""Publication: all or nothing, never half-seen, and the same whether or not a run was killed."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.build import warehouse
from orchestration.build.warehouse import WarehouseError
from orchestration.durable import DiskFullError
from orchestration.landing.manifest import read_manifest
from orchestration.publishing import metadata, publication
from orchestration.publishing.integrity import verify_publication
from orchestration.publishing.reading import OpenPublication
from orchestration.settings import PROJECT_ROOT, Settings
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import baci_rows, write_csv
from tests.support.runs import FinishedRun, altered_project, environment_of, run_pipeline


@pytest.fixture(autouse=True)
def files_of_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """In place of what is made from the tables: the page, exports, printed tables and metadata.

    They have tests of their own, and take half of a publication's time.
    """

    def write_page(folder: Path, provenance: dict, say: Callable[[str], None]) -> None:
        (folder / "report").mkdir()
        (folder / "report" / "index.html").write_text(provenance["publication"])

    def write_printed(_: duckdb.DuckDBPyConnection, folder: Path) -> None:
        folder.mkdir()
        (folder / "tables.txt").write_text("printed")

    def write_exports(published: OpenPublication) -> None:
        (published.folder / "exports").mkdir()
        (published.folder / "exports" / "extract.txt").write_text(published.number)

    def write_description(_: object, folder: Path, provenance: dict, manifest: dict) -> None:
        (folder / "llms.txt").write_text(provenance["publication"])

    monkeypatch.setattr(publication, "_write_report_page", write_page)
    monkeypatch.setattr(publication, "write_printed_tables", write_printed)
    monkeypatch.setattr(publication, "write_ready_exports", write_exports)
    monkeypatch.setattr(metadata, "write_metadata", write_description)


def publish(settings: Settings) -> publication.Publication:
    return publication.publish(settings)


def edit(settings: Settings, sql: str) -> None:
    with duckdb.connect(str(settings.build_path)) as connection:
        connection.execute(sql)


def fingerprint(settings: Settings) -> dict[str, str]:
    return {
        str(p.relative_to(settings.published_dir)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(settings.published_dir.rglob("*"))
        if p.is_file()
    }


def test_parquet_and_provenance_say_what_the_file_says(demo_run: FinishedRun) -> None:
    folder = demo_run.settings.published_dir
    provenance = json.loads((folder / "provenance.json").read_text())
    tables = demo_run.ask(
        "select schema_name || '.' || table_name, estimated_size from duckdb_tables() "
        "where schema_name in ('marts', 'report', 'estimates')"
    )
    assert {name: t["rows"] for name, t in provenance["tables"].items()} == dict(tables)
    with duckdb.connect() as connection:
        for name in dict(tables):
            schema, table = name.split(".")
            [(rows,)] = connection.execute(
                f"select count(*) from read_parquet('{folder}/parquet/{schema}/{table}.parquet')"
            ).fetchall()
            assert rows == provenance["tables"][name]["rows"], name
    assert provenance["is_synthetic"]
    assert "invented" in provenance["notice"]
    assert all(len(s["sha256"]) == 64 for s in provenance["sources"])
    assert provenance["versions"]["duckdb"]
    assert provenance["seeds"]["drift_bounds"]
    assert provenance["settings"]["standardisation_years"] == "1992-2022"
    assert {s["origin"] for s in provenance["sources"]} == {"demo"}


def test_synthetic_data_say_so_wherever_they_are_seen(demo_run: FinishedRun) -> None:
    silent = demo_run.ask(
        "select table_name from duckdb_tables() "
        "where schema_name in ('marts', 'report', 'estimates') "
        "and coalesce(comment, '') not like 'SYNTHETIC DEMO DATA%'"
    )
    assert silent == []
    assert "SYNTHETIC DEMO DATA: every number is invented." in demo_run.output
    assert demo_run.ask("select distinct is_synthetic from marts.panel_country_year") == [(True,)]


def test_the_published_file_opens_in_older_duckdb(demo_run: FinishedRun) -> None:
    with duckdb.connect(
        str(demo_run.settings.published_dir / "warehouse.duckdb"), read_only=True
    ) as connection:
        [tags] = [
            t
            for name, t in connection.execute(
                "select database_name, tags from duckdb_databases()"
            ).fetchall()
            if name == "warehouse"
        ]
    assert tags["storage_version"].startswith("v1.0.0"), tags


def test_an_open_reader_neither_blocks_nor_sees_a_mixture(finished_corner: Settings) -> None:
    reader = duckdb.connect(str(finished_corner.published_dir / "warehouse.duckdb"), read_only=True)
    before = reader.execute("select count(*), sum(value_usd) from marts.fct_trade_flow").fetchall()
    edit(
        finished_corner,
        "update marts.fct_trade_flow set value_usd = value_usd + 1; "
        "update marts.dim_economy set economy_name = 'changed'",
    )
    result = publish(finished_corner)
    assert result.changed
    assert (
        reader.execute("select count(*), sum(value_usd) from marts.fct_trade_flow").fetchall()
        == before
    ), "the open connection keeps what it opened"
    assert reader.execute(
        "select count(*) from marts.dim_economy where economy_name = 'changed'"
    ).fetchall() == [(0,)]
    with duckdb.connect(
        str(finished_corner.published_dir.resolve() / "warehouse.duckdb"), read_only=True
    ) as fresh:
        [(rows, total)] = fresh.execute(
            "select count(*), sum(value_usd) from marts.fct_trade_flow"
        ).fetchall()
        assert rows == before[0][0]
        assert total == pytest.approx(before[0][1] + rows)
        assert fresh.execute("select distinct economy_name from marts.dim_economy").fetchall() == [
            ("changed",)
        ]
    reader.close()


def test_unchanged_content_is_not_published_again(finished_corner: Settings) -> None:
    before = fingerprint(finished_corner)
    result = publish(finished_corner)
    assert not result.changed
    assert fingerprint(finished_corner) == before


def test_two_publishers_at_once_publish_one_whole_publication(
    finished_corner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A click in Dagster beside `make run`, on a slow disk."""
    seal, is_sealed = publication.seal, threading.Event()

    def slow_seal(folder: Path, provenance: dict) -> dict:
        sealed = seal(folder, provenance)
        is_sealed.set()
        time.sleep(1.5)
        return sealed

    monkeypatch.setattr(publication, "seal", slow_seal)
    before = finished_corner.published_dir.resolve()
    edit(finished_corner, "update marts.dim_economy set economy_name = 'another'")
    with ThreadPoolExecutor() as pool:
        first = pool.submit(publish, finished_corner)
        assert is_sealed.wait(60)
        second = pool.submit(publish, finished_corner)
        time.sleep(0.3)
        assert finished_corner.published_dir.resolve() == before, "the first is still at work"
        results = [first.result(), second.result()]
    assert [r.changed for r in results] == [True, False]
    folder = finished_corner.published_dir.resolve()
    assert {r.folder for r in results} == {folder}
    assert verify_publication(folder) == []
    with duckdb.connect(str(folder / "warehouse.duckdb"), read_only=True) as connection:
        [(tables,)] = connection.execute("select count(*) from duckdb_tables()").fetchall()
    assert tables == len(results[0].rows) > 30
    assert not list(folder.parent.glob(".part-*"))


def test_provenance_lists_the_files_that_the_tables_rest_on(finished_corner: Settings) -> None:
    """A file that lands while the layers are complete is no part of what a click publishes."""
    before = json.loads((finished_corner.published_dir / "provenance.json").read_text())
    inbox = finished_corner.data_dir / "inbox"
    inbox.mkdir()
    [row, _] = baci_rows(2019)
    write_csv(inbox / "BACI_HS17_Y2019_V203001.csv", [row])
    fill_from_folder(read_manifest(finished_corner.manifest_path), inbox)
    assert len(read_manifest(finished_corner.manifest_path).current()) > len(before["sources"])
    edit(finished_corner, "update marts.dim_economy set economy_name = 'another'")
    assert publish(finished_corner).changed
    after = json.loads((finished_corner.published_dir / "provenance.json").read_text())
    assert after["sources"] == before["sources"] != []


def test_a_publication_that_loses_a_file_before_the_link_moves_is_not_published(
    finished_corner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when something else cleans up, or the disk does not keep what it was given."""
    seal = publication.seal

    def seal_and_lose(folder: Path, provenance: dict) -> dict:
        sealed = seal(folder, provenance)
        os.truncate(folder / "parquet" / "marts" / "dim_economy.parquet", 1000)
        return sealed

    before = fingerprint(finished_corner)
    edit(finished_corner, "update marts.dim_economy set economy_name = 'another'")
    with monkeypatch.context() as patched:
        patched.setattr(publication, "seal", seal_and_lose)
        with pytest.raises(WarehouseError, match="not as it was written"):
            publish(finished_corner)
    assert fingerprint(finished_corner) == before
    assert publish(finished_corner).changed


def test_a_damaged_publication_does_not_stand_as_unchanged(finished_corner: Settings) -> None:
    damaged = finished_corner.published_dir.resolve()
    parquet = damaged / "parquet" / "marts" / "dim_economy.parquet"
    parquet.chmod(0o644)
    os.truncate(parquet, 1000)
    said: list[str] = []
    result = publication.publish(finished_corner, said.append)
    assert result.changed
    [sentence] = [s for s in said if "does not stand" in s]
    assert f"publication {damaged.name} does not stand" in sentence
    assert "parquet/marts/dim_economy.parquet: has 1,000 bytes instead of" in sentence
    assert verify_publication(finished_corner.published_dir) == []
    assert not publish(finished_corner).changed, "the new one stands"
    with pytest.raises(WarehouseError, match=f"Publication {damaged.name} is damaged"):
        publication.restore(finished_corner)


def test_a_publication_whose_warehouse_cannot_be_read_is_replaced(
    finished_corner: Settings,
) -> None:
    """The numbers of before cannot be compared with: that alone must not stop the new ones."""
    warehouse_file = finished_corner.published_dir / "warehouse.duckdb"
    warehouse_file.chmod(0o644)
    os.truncate(warehouse_file, 5000)
    assert publish(finished_corner).changed
    assert verify_publication(finished_corner.published_dir) == []


@pytest.mark.parametrize("value", ["nan", "inf", "-inf"])
def test_a_number_that_is_not_finite_is_not_published(
    finished_corner: Settings, value: str
) -> None:
    before = fingerprint(finished_corner)
    edit(
        finished_corner,
        f"update marts.fct_trade_flow set net_weight_kg = '{value}'::double "
        "where product_code = (select min(product_code) from marts.fct_trade_flow)",
    )
    with pytest.raises(
        WarehouseError,
        match=rf"Not published: marts\.fct_trade_flow\.net_weight_kg is {value} in [\d,]+ rows, "
        r"first at .*product_code \d{6}",
    ):
        publish(finished_corner)
    assert fingerprint(finished_corner) == before


def test_nobody_changes_what_is_published_by_mistake(demo_run: FinishedRun) -> None:
    folder = demo_run.settings.published_dir.resolve()
    paths = [folder, *folder.rglob("*")]
    assert {stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_file()} == {0o444}
    assert {stat.S_IMODE(p.stat().st_mode) for p in paths if p.is_dir()} == {0o555}
    started = time.monotonic()
    assert verify_publication(folder) == []
    assert time.monotonic() - started < 20


def test_a_copy_as_documented_holds_files_that_can_be_worked_on(
    demo_run: FinishedRun, tmp_path: Path
) -> None:
    """`cp -a` would copy the link alone."""
    copy = tmp_path / "copy"
    page = (PROJECT_ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    [command] = [line for line in page.splitlines() if line.startswith("cp -rL ")]
    done = subprocess.run(
        command.replace("data/published", str(demo_run.settings.published_dir)),
        shell=True,
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert not copy.is_symlink()
    assert verify_publication(copy) == []
    assert all(p.stat().st_mode & stat.S_IWUSR for p in copy.rglob("*"))


def test_the_last_three_publications_are_kept(finished_corner: Settings) -> None:
    for n in range(4):
        edit(finished_corner, f"update marts.dim_economy set economy_name = 'name {n}'")
        assert publish(finished_corner).changed
    kept = sorted(p.name for p in (finished_corner.data_dir / "publications").iterdir())
    assert len(kept) == publication.KEPT_PUBLICATIONS
    assert finished_corner.published_dir.resolve().name == kept[-1]


@pytest.mark.parametrize("layer", warehouse.LAYERS)
def test_nothing_is_published_on_layers_that_do_not_stand(
    finished_corner: Settings, layer: str
) -> None:
    before = fingerprint(finished_corner)
    edit(finished_corner, "update marts.dim_economy set economy_name = 'must not be seen'")
    with warehouse.writing(finished_corner.build_path) as connection:
        warehouse.invalidate(connection, layer)
    with pytest.raises(WarehouseError, match="Not published"):
        publish(finished_corner)
    assert fingerprint(finished_corner) == before


def test_models_built_by_hand_are_not_published_unseen(
    finished_corner: Settings, dbt: Callable
) -> None:
    """Plain `dbt run` works from the root and withdraws the record that everything is tested."""
    done = dbt(finished_corner.data_dir, "run", "--select", "dim_variable")
    assert done.returncode == 0, done.stdout
    with pytest.raises(WarehouseError, match="Not published"):
        publish(finished_corner)


def test_a_seed_that_has_got_another_column_is_made_anew(
    finished_corner: Settings, dbt: Callable
) -> None:
    """As after an upgrade: dbt by itself would keep the old columns and fail on the new file."""
    edit(finished_corner, "alter table seeds.drift_bounds drop column more_data_percent")
    done = dbt(finished_corner.data_dir, "seed", "--select", "drift_bounds")
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(finished_corner.build_path), read_only=True) as connection:
        assert connection.execute(
            "select count(more_data_percent) from seeds.drift_bounds"
        ).fetchall() == [(3,)]


def test_a_publication_that_breaks_off_leaves_the_old_one(
    finished_corner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(finished_corner)
    edit(finished_corner, "update marts.dim_economy set economy_name = 'half'")
    real = publication._provenance
    monkeypatch.setattr(
        publication,
        "_provenance",
        lambda *a: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left on device")),
    )
    with pytest.raises(DiskFullError, match=r"publications/.*the disk is full"):
        publish(finished_corner)
    assert fingerprint(finished_corner) == before
    monkeypatch.setattr(publication, "_provenance", real)
    assert publish(finished_corner).changed
    assert not list((finished_corner.data_dir / "publications").glob(".part-*")), (
        "what the broken one left behind is gone"
    )


def test_a_page_that_fails_leaves_no_publication_and_no_half_of_one(
    finished_corner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(finished_corner, has_report_page=True)
    before = fingerprint(settings)
    edit(settings, "update marts.dim_economy set economy_name = 'unwritten'")

    def fail(folder: Path, provenance: dict, say: Callable[[str], None]) -> None:
        (folder / "report").mkdir()
        raise LookupError("no words for a heading")

    with monkeypatch.context() as patch:
        patch.setattr(publication, "_write_report_page", fail)
        with pytest.raises(LookupError, match="no words"):
            publish(settings)
    assert fingerprint(settings) == before
    assert not list((settings.data_dir / "publications").glob(".part-*"))
    assert publish(settings).changed
    assert (settings.published_dir / "report/index.html").is_file()


def test_a_model_that_breaks_its_own_arithmetic_publishes_nothing_and_names_the_test(
    finished_corner: Settings, tmp_path: Path
) -> None:
    """What the models do wrong is stopped; what publishers say wrong is published and listed."""
    project = altered_project(
        tmp_path / "project",
        "dbt_project/models/marts/core/fct_world_trade_variants.sql",
        "- coalesce(allocated_value, 0) as {{ type_double() }}",
        "- 2 * coalesce(allocated_value, 0) as {{ type_double() }}",
    )
    before = fingerprint(finished_corner)
    done = run_pipeline(environment_of(finished_corner.data_dir, "files"), project=project)
    assert done.returncode != 0
    assert "any previous publication stays in place" in done.stdout, done.stdout[-3000:]
    assert "assert_world_trade_is_allocated_plus_unallocated" in done.stdout, done.stdout[-3000:]
    assert fingerprint(finished_corner) == before


def test_an_earlier_publication_can_be_restored(finished_corner: Settings) -> None:
    first = finished_corner.published_dir.resolve()
    second = first.with_name("000099")
    shutil.copytree(first, second)
    assert publication.restore(finished_corner, "000099") == second
    assert finished_corner.published_dir.resolve() == second
    assert publication.restore(finished_corner) == first
    assert finished_corner.published_dir.resolve() == first
    with pytest.raises(WarehouseError, match="000099"):
        publication.restore(finished_corner, "000050")
    with pytest.raises(WarehouseError, match="before the current one"):
        publication.restore(finished_corner)
