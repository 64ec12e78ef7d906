"""The demo's files say in their own data that they are synthetic, and never land as real."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from orchestration.landing import inspection
from orchestration.landing.manifest import Manifest, read_manifest
from orchestration.landing.publishers import LAYOUTS
from orchestration.landing.reading import open_tables
from orchestration.landing.registration import register
from orchestration.landing.synthetic_mark import MARK_COLUMN, has_mark, known_totals
from orchestration.settings import load_settings
from orchestration.sources.folder import fill_from_folder
from orchestration.sources.synthetic import totals
from tests.support.publishers_files import baci_rows, comtrade_row, write_csv
from tests.support.runs import write_unmarked

REAL_ORIGINS = ("files", "api", "download")
KINDS = {
    "comtrade": "comtrade_C_A_HS_1992.csv.gz",
    "answer": "comtrade_C_A_HS_2010.json.gz",
    "baci": "BACI_HS92_Y1995_V202401.csv.gz",
    "codes": "country_codes_V202401.csv",
    "indicators": "WDI_CSV.zip!WDICSV.csv",
    "economies": "WDI_CSV.zip!WDICountry.csv",
    "distances": "dist_cepii.csv.gz",
}
# a column without which a table of each kind still is what it is, and not the mark
DISPENSABLE = {
    "comtrade": "cmdDesc",
    "answer": "cmdDesc",
    "baci": "q",
    "codes": "country_iso2",
    "indicators": "Indicator Name",
    "economies": "Table Name",
    "distances": "distwces",
}


def files_of(landing: Path) -> list[Path]:
    """The files of a demo, which lie in the landing zone as they were written."""
    manifest = read_manifest(landing / "manifest.json")
    return [manifest.folder / f.file for f in manifest.current()]


@pytest.fixture(scope="module")
def world(another_demo: Path) -> list[Path]:
    return files_of(another_demo / "landing")


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    return read_manifest(tmp_path / "data" / "landing" / "manifest.json")


def content_of(world: list[Path], kind: str) -> tuple[str, bytes]:
    """The name and the unpacked bytes of one kind of the demo's files."""
    name, _, member = KINDS[kind].partition("!")
    [path] = [p for p in world if p.name == name]
    if member:
        with zipfile.ZipFile(path) as archive:
            return member, archive.read(member)
    if name.endswith(".gz"):
        return name.removesuffix(".gz"), gzip.decompress(path.read_bytes())
    return name, path.read_bytes()


def rows_of(name: str, content: bytes) -> pd.DataFrame:
    if name.endswith(".json"):
        return pd.DataFrame(json.loads(content)["data"]).astype(object)
    return pd.read_csv(io.BytesIO(content), dtype=str, keep_default_na=False)


def csv_of(rows: pd.DataFrame) -> bytes:
    return rows.to_csv(index=False).encode()


def answer_of(rows: pd.DataFrame) -> bytes:
    return json.dumps(
        {"count": len(rows), "data": json.loads(rows.to_json(orient="records"))}
    ).encode()


def plain(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def packed_again(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    path = folder / f"{name}.gz"
    path.write_bytes(gzip.compress(content, compresslevel=1))
    return path


def in_a_zip(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    """Beside a table that is not marked: the zip is refused whole."""
    path = folder / "several.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("a_real_one.csv", csv_of(pd.DataFrame([comtrade_row()])))
    return path


def renamed(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    # of BACI's name, all but what must be in it
    return plain(folder, f"real {name}", content, "")


def with_columns_in_another_order(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    rows = rows_of(name, content)
    return rewritten(folder, name, rows[rows.columns[::-1]])


def cut_to_a_few_rows(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    return rewritten(folder, name, rows_of(name, content).iloc[5:8])


def without_a_column(folder: Path, name: str, content: bytes, kind: str) -> Path:
    return rewritten(folder, name, rows_of(name, content).drop(columns=DISPENSABLE[kind]))


def as_csv_with_the_mark_in_capitals(folder: Path, name: str, content: bytes, _kind: str) -> Path:
    rows = rows_of(name, content).rename(columns={MARK_COLUMN: f" {MARK_COLUMN.upper()} "})
    return rewritten(folder, name.replace(".json", ".csv"), rows)


def rewritten(folder: Path, name: str, rows: pd.DataFrame) -> Path:
    content = answer_of(rows) if name.endswith(".json") else csv_of(rows)
    return plain(folder, name, content, "")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "change",
    [
        plain,
        packed_again,
        in_a_zip,
        renamed,
        with_columns_in_another_order,
        cut_to_a_few_rows,
        without_a_column,
        as_csv_with_the_mark_in_capitals,
    ],
)
def test_a_synthetic_file_never_lands_as_real_however_it_is_saved_again(
    world: list[Path],
    manifest: Manifest,
    tmp_path: Path,
    kind: str,
    change: Callable[[Path, str, bytes, str], Path],
) -> None:
    path = change(tmp_path, *content_of(world, kind), kind)
    for origin in REAL_ORIGINS:
        [left_out] = register(manifest, [path], origin)
        assert left_out.status == "refused", left_out
        assert left_out.reason.startswith(path.name)
        if not (change is without_a_column and kind in ("baci", "distances")):
            assert "every number is invented; it cannot land as real data" in left_out.reason
            assert "SOURCE=demo" in left_out.reason
    assert manifest.files == []
    assert not list(manifest.folder.rglob("*.csv*"))


@pytest.mark.parametrize("kind", ["comtrade", "answer", "indicators"])
def test_descriptions_say_it_where_the_marking_column_is_cut_off(
    world: list[Path], manifest: Manifest, tmp_path: Path, kind: str
) -> None:
    name, content = content_of(world, kind)
    path = rewritten(tmp_path, name, rows_of(name, content).drop(columns=MARK_COLUMN))
    assert not has_mark(open_tables(path)[0][0])
    [left_out] = register(manifest, [path], "files")
    assert "every number is invented" in left_out.reason
    assert manifest.files == []


@pytest.fixture(scope="module")
def default_world(demo_landing: Path) -> list[Path]:
    return files_of(demo_landing)


def test_the_totals_of_the_default_world_are_known(
    demo_landing: Path, default_world: list[Path]
) -> None:
    landed = read_manifest(demo_landing / "manifest.json").current()
    assert {f.parameters["seed"] for f in landed} == {totals.DEFAULT_SEED}
    assert load_settings({}).demo_seed == totals.DEFAULT_SEED
    of_files = set(totals.totals_of(default_world))
    assert len(of_files) == 31 + 8 + 28 + 1, "UN Comtrade by year and month, BACI, distances"
    assert of_files <= known_totals()


@pytest.mark.parametrize("kind", ["comtrade", "baci", "distances"])
def test_a_table_of_the_default_world_is_known_where_every_mark_is_cut_off(
    default_world: list[Path], manifest: Manifest, tmp_path: Path, kind: str
) -> None:
    [path] = [p for p in default_world if p.name == KINDS[kind]]
    cut = tmp_path / path.name.removesuffix(".gz")
    write_unmarked(path, cut, more=0)
    rows = pd.read_csv(cut, dtype=str, keep_default_na=False)
    rewritten(tmp_path, cut.name, rows.sample(frac=1, random_state=1))
    [left_out] = register(manifest, [cut], "files")
    assert "every number is invented" in left_out.reason
    # what has another total is no whole table of that world
    write_unmarked(path, cut)
    assert register(manifest, [cut], "files") == []


def test_every_file_of_the_demo_lands_as_synthetic(world: list[Path], manifest: Manifest) -> None:
    manifest.is_synthetic = True
    assert register(manifest, world, "demo") == []
    assert len(manifest.current()) == len(world)
    assert {t.layout for f in manifest.current() for t in f.tables} == set(LAYOUTS)
    assert all(has_mark(t) for path in world for t in open_tables(path)[0])


def test_an_unmarked_file_never_lands_as_the_demos(manifest: Manifest, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "BACI_HS92_Y1995_V202401.csv", baci_rows(1995))
    [left_out] = register(manifest, [path], "demo")
    assert left_out.status == "refused"
    assert "no column synthetic" in left_out.reason
    assert "SOURCE=files" in left_out.reason
    assert manifest.files == []


@pytest.mark.parametrize("given", ["", "landing", "landing/baci/demo"])
def test_a_demo_that_landed_before_files_were_marked_is_known_by_its_checksums(
    world: list[Path],
    manifest: Manifest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str,
) -> None:
    [marked] = [p for p in world if p.name == KINDS["baci"]]
    unmarked = tmp_path / marked.name
    write_unmarked(marked, unmarked)
    older = read_manifest(tmp_path / "older" / "landing" / "manifest.json")
    with monkeypatch.context() as before_marks:
        before_marks.setattr(inspection, "check_mark", lambda *_: None)
        register(older, [unmarked], "demo")
    [left_out] = register(older, [unmarked], "files")
    assert "every number is invented" in left_out.reason
    real = write_csv(
        tmp_path / "older" / "landing" / "baci" / "demo" / "real.csv", [comtrade_row()]
    )
    left_out_of_folder = fill_from_folder(manifest, tmp_path / "older" / given)
    assert [x.status for x in left_out_of_folder if Path(x.file).name == marked.name] == ["refused"]
    assert [f.parameters["published_name"] for f in manifest.files] == [real.name]
