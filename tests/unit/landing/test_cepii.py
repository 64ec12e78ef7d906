"""CEPII's GeoDist: read from every container it is shipped in, refused where it is altered."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers.cepii import CEPII_PAIRS
from orchestration.landing.reading import open_tables, read_batches
from orchestration.sources.folder import fill_from_folder
from tests.support.publishers_files import write_csv, write_excel, write_stata

TIES = [c.name for c in CEPII_PAIRS.columns if c.kind == "integer"]


def pair(origin: str, destination: str, **values: object) -> dict:
    distances = {"dist": 1325.5, "distcap": 1325.5, "distw": 1400.25, "distwces": 1390.0}
    return {"iso_o": origin, "iso_d": destination, **dict.fromkeys(TIES, 0), **distances, **values}


PAIRS = [
    pair("CHN", "CHN", dist=1156.0, distw=980.5),
    pair("CHN", "MAC", distw=None, distwces=None, contig=1, curcol=1, smctry=1),
    pair("MAC", "CHN", distw=None, distwces=None, contig=1, curcol=1),
    pair("MAC", "MAC", dist=0.9951369, distw=None, distwces=None),
]


def as_csv(path: Path, rows: list[dict]) -> Path:
    """As the published table is passed on: a point where Stata has a missing value."""
    return write_csv(path, [{k: "." if v is None else v for k, v in r.items()} for r in rows])


def as_excel(path: Path, rows: list[dict]) -> Path:
    return write_excel(path, [{k: "." if v is None else v for k, v in r.items()} for r in rows])


CONTAINERS = [("csv", as_csv), ("csv.gz", as_csv), ("dta", write_stata), ("xls", as_excel)]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(tmp_path / "landing" / "manifest.json")


@pytest.mark.parametrize(("ending", "write"), CONTAINERS)
def test_every_container_loads_the_same_pairs(
    inbox: Path,
    manifest: Manifest,
    tmp_path: Path,
    ending: str,
    write: Callable[[Path, list[dict]], Path],
) -> None:
    write(inbox / f"dist_cepii.{ending}", PAIRS)
    assert fill_from_folder(manifest, inbox) == []
    [landed] = manifest.current()
    assert (landed.source, landed.rows) == ("cepii", 4)
    assert landed.licence == "Etalab Open Licence 2.0"
    assert "Mayer, T. and Zignago, S. (2011)" in (landed.citation or "")
    with warehouse.writing(tmp_path / "warehouse.duckdb") as connection:
        loading.load_whole(connection, manifest, CEPII_PAIRS)
        found = connection.execute(
            "select * exclude (landed_file, landed_sequence) from raw.cepii_pairs order by all"
        ).fetchall()
    assert found == [(*row.values(), n) for n, row in enumerate(PAIRS, 1)]


@pytest.mark.parametrize(
    ("altered", "said"),
    [
        ([pair("CHN", "MAC", contig=2)], "row 1, column contig: '2' where 0 or 1 is needed"),
        ([PAIRS[0], pair("CHN", "MAC", dist="far")], "row 2, column dist: 'far'"),
        ([PAIRS[0], pair("CHN", "MAC", dist=".")], "row 2, column dist: blank"),
        ([PAIRS[0], pair("", "MAC")], "row 2, column iso_o: blank"),
        ([*PAIRS, PAIRS[1]], "row 5, columns iso_o and iso_d: CHN and MAC appear twice"),
    ],
)
def test_an_altered_table_is_refused_naming_row_and_column(
    inbox: Path, manifest: Manifest, altered: list[dict], said: str
) -> None:
    as_csv(inbox / "good.csv", PAIRS)
    as_csv(inbox / "zz_altered.csv", altered)
    [left_out] = fill_from_folder(manifest, inbox)
    assert (left_out.status, left_out.file) == ("refused", "zz_altered.csv")
    assert said in left_out.reason
    assert [f.parameters["published_name"] for f in manifest.current()] == ["good.csv"]


def test_a_missing_column_is_refused_with_where_to_get_the_file(
    inbox: Path, manifest: Manifest
) -> None:
    as_csv(inbox / "good.csv", PAIRS)
    without = [{k: v for k, v in row.items() if k != "distwces"} for row in PAIRS]
    write_stata(inbox / "without.dta", without)
    [left_out] = fill_from_folder(manifest, inbox)
    assert left_out.status == "refused"
    assert "missing column(s) distwces" in left_out.reason
    assert "Take dist_cepii.dta" in left_out.reason


def test_the_real_file_has_every_pair_once_in_both_directions(real_landing: Path) -> None:
    path = real_landing / "cepii" / "dist_cepii.csv.gz"
    if not path.exists():
        pytest.skip(f"skipped: no real data at {path}")
    [table] = open_tables(path)[0]
    rows = pa.Table.from_batches(read_batches(table))
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        assert sum(1 for _ in lines) == 1 + rows.num_rows
    connection = duckdb.connect()
    connection.register("pairs", rows)
    assert connection.execute(
        "select count(*), count(distinct (iso_o, iso_d)), count(distinct iso_o), "
        "count(*) filter (distw is null) from pairs"
    ).fetchall() == [(50_176, 50_176, 224, 2_215)]
