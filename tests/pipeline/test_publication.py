"""Publication: all or nothing, never half-seen, and the same whether or not a run was killed."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable

import duckdb
import pytest

from orchestration.build import warehouse
from orchestration.build.warehouse import WarehouseError
from orchestration.publishing import publication
from orchestration.settings import Settings
from tests.support.runs import FinishedRun, environment_of, run_pipeline


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
        ).fetchall() == [(2,)]


def test_a_publication_that_breaks_off_leaves_the_old_one(
    finished_corner: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = fingerprint(finished_corner)
    edit(finished_corner, "update marts.dim_economy set economy_name = 'half'")
    real = publication._provenance
    monkeypatch.setattr(
        publication,
        "_provenance",
        lambda *a: (_ for _ in ()).throw(OSError("No space left on device")),
    )
    with pytest.raises(OSError, match="No space"):
        publish(finished_corner)
    assert fingerprint(finished_corner) == before
    monkeypatch.setattr(publication, "_provenance", real)
    assert publish(finished_corner).changed
    assert not list((finished_corner.data_dir / "publications").glob(".part-*")), (
        "what the broken one left behind is gone"
    )


def test_a_failing_blocking_test_publishes_nothing_and_names_itself(
    finished_corner: Settings,
) -> None:
    """A negative value passes every check of layout and type, and is stopped by a data test."""
    folder = finished_corner.data_dir / "inbox"
    folder.mkdir()
    (folder / "BACI_HS17_Y2022_V203001.csv").write_text(
        "t,i,j,k,v,q\n2022,156,276,850720,-5.000,NA\n"
    )
    before = fingerprint(finished_corner)
    done = run_pipeline(environment_of(finished_corner.data_dir, "files", folder))
    assert done.returncode != 0
    assert "any previous publication stays in place" in done.stdout, done.stdout[-3000:]
    # dbt names a test after its rule, model and column
    assert "within_stg_baci__trade_flows_value_usd__0" in done.stdout, done.stdout[-3000:]
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
