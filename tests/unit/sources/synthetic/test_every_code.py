"""The largest scale: every pair of economies and every code, streamed, by several processes."""

from __future__ import annotations

import gzip
import re
from dataclasses import fields
from pathlib import Path

import pytest

from orchestration.landing.manifest import sha256_of
from orchestration.settings import Settings, load_settings
from orchestration.sources.synthetic import every_code, files, flows, landing, world
from orchestration.sources.synthetic.calibration import SCALES
from orchestration.sources.synthetic.economies import CHINA, economies, largest

SEED = 7
SCALE = SCALES["baci"]
FEWEST = 300_000


def rest_of(year: int, revision: str, rows: int) -> list[list[str]]:
    rng = every_code.random_numbers_of(SEED, year)
    blocks = list(every_code.rest_of_baci(rng, year, revision, SCALE, rows))
    assert len(blocks) > 50, "never all of them in memory"
    return [line.split(",") for block in blocks for line in block.to_pylist()]


@pytest.fixture(scope="module")
def of_2022() -> list[list[str]]:
    return rest_of(2022, "H5", 200_000)


def test_every_pair_and_code_are_as_baci_writes_them_and_as_many_as_asked(of_2022) -> None:
    assert len(of_2022) == pytest.approx(200_000, rel=0.01)
    assert len({(i, j, k) for _, i, j, k, _, _ in of_2022}) == len(of_2022)
    assert len({(i, j) for _, i, j, *_ in of_2022}) > 20_000
    assert all(
        re.fullmatch(r"2022,\d+,\d+,\d{5,6},\d+\.\d{3},\d+\.\d{3}", ",".join(line))
        for line in of_2022[:1000]
    )


def test_listed_codes_are_traded_by_pairs_that_the_report_does_not_look_at(of_2022) -> None:
    """China's pairs and those of the largest are whole already; the others trade for little."""
    code = economies().frame.code.astype(str).to_numpy()
    in_full = set(code[largest(economies(), SCALE.third_countries)])
    listed = set(map(str, every_code.listed_codes("H5")))
    found = [line for line in of_2022 if line[3] in listed]
    assert 0.02 < len(found) / len(of_2022) < 0.05
    assert not [line for line in found if code[CHINA] in line[1:3]]
    assert not [line for line in found if {*line[1:3]} <= in_full]
    value = sum(float(line[4]) for line in found)
    assert 0 < value < 1e-3 * sum(float(line[4]) for line in of_2022)
    other_lists = set(flows.codes().hs6_code.str.lstrip("0")) - listed
    assert not {line[3] for line in of_2022} & other_lists


def test_an_economy_trades_only_while_there_is_one() -> None:
    """Belgium and Luxembourg are one until 1998, in BACI too."""
    code = economies().frame.set_index("iso3").code.astype(str)
    apart = {code["BEL"], code["LUX"]}
    assert not {party for line in rest_of(1998, "H0", 50_000) for party in line[1:3]} & apart
    assert {party for line in rest_of(1999, "H0", 50_000) for party in line[1:3]} >= apart


def test_it_has_as_many_rows_as_its_setting_says() -> None:
    """The default is within what the setting's meaning says; between years there are no jumps."""
    [meaning] = [f.metadata["setting"].meaning for f in fields(Settings) if f.name == "demo_scale"]
    least, most = map(int, re.search(r"(\d+)-(\d+) million rows", meaning).groups())
    rows = every_code.rows_by_year()
    assert least < sum(rows.values()) / 1e6 < most
    assert rows[2008] == pytest.approx(rows[1995] + (rows[2022] - rows[1995]) * 13 / 27)
    thinned = every_code.rows_by_year(10_000_000)
    assert sum(thinned.values()) == pytest.approx(10_000_000, abs=len(thinned))
    assert thinned[2022] / thinned[1995] == pytest.approx(rows[2022] / rows[1995], rel=1e-5)


def test_another_number_of_rows_is_another_world_at_this_scale_alone() -> None:
    """In what tells whether a world has landed, and in what provenance and drift compare."""

    def known(scale: str, rows: str) -> tuple[dict, dict]:
        settings = load_settings({"LCT_DEMO_SCALE": scale, "LCT_DEMO_ROWS": rows})
        return landing._parameters(SEED, scale, settings.demo_rows), settings.stated(True)

    for of in (0, 1):
        assert known("baci", "")[of] != known("baci", "100e6")[of] != known("baci", "10e6")[of]
        assert known("small", "")[of] == known("small", "100e6")[of]
    assert known("baci", "")[0]["rows"] == sum(every_code.rows_by_year().values())


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[Path]]:
    """The fewest rows that the setting allows, by one and by two processes."""
    rng = world.random_numbers(SEED)
    invention = world.invent(rng)
    of_report = flows.invent_flows(rng, invention, SCALE)
    state = rng.bit_generator.state
    paths = {}
    for workers in (1, 2):
        rng.bit_generator.state = state
        folder = tmp_path_factory.mktemp(f"by_{workers}")
        paths[workers] = files.write_all_of_baci(
            folder, rng, invention, of_report, SCALE, SEED, FEWEST, workers=workers
        )
    return paths


@pytest.mark.slow
def test_the_files_do_not_depend_on_how_many_processes_write_them(written) -> None:
    one, two = ([(p.name, sha256_of(p)) for p in written[workers]] for workers in (1, 2))
    assert one == two
    assert len(one) == len(every_code.YEARS) + 1
    assert one == sorted(one, key=lambda f: (f[0].startswith("country"), f[0][-20:-8], f[0]))


@pytest.mark.slow
def test_all_years_have_together_as_many_rows_as_asked(written) -> None:
    def rows_in(path: Path) -> int:
        return gzip.decompress(path.read_bytes()).count(b"\n") - 1

    found = {int(re.search(r"_Y(\d{4})_", p.name)[1]): rows_in(p) for p in written[1][:-1]}
    assert sum(found.values()) == pytest.approx(FEWEST, rel=0.01)
    wanted = every_code.rows_by_year(FEWEST)
    assert {y: n for y, n in found.items() if n != pytest.approx(wanted[y], rel=0.05)} == {}
