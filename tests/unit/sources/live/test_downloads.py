"""Downloads of zips: cut, replaced, refused, asked for again; and the places of LCT_BACI."""

from __future__ import annotations

import io
import random
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orchestration import durable
from orchestration.durable import DiskFullError
from orchestration.landing.layout import LandingError
from orchestration.landing.manifest import LeftOut
from orchestration.landing.publishers.baci import BACI_TRADE
from orchestration.settings import PROJECT_ROOT
from orchestration.sources.filling import fill_landing_zone
from orchestration.sources.live import archives, progress
from orchestration.sources.live.archives import fill_with_baci, land_archive
from orchestration.sources.live.services import world_bank_transport
from orchestration.sources.live.transport import Bounds
from tests.support.desk import Desk
from tests.support.publishers_files import bulk_zip
from tests.support.publishers_server import HTML, Fault, PublishersServer, answers, drips, resets

NAME = "BACI_HS17_V202601.zip"


def baci_zip(value: float = 5.125, year: int = 2022, revision: str = "HS17") -> bytes:
    """CEPII's zip with one year, and padding that makes its download long."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(
            f"BACI_{revision}_Y{year}_V202601.csv",
            f"t,i,j,k,v,q\n{year},152,156,283691,{value},1.250\n",
        )
        archive.writestr(
            "country_codes_V202601.csv",
            "country_code,country_name,country_iso2,country_iso3\n152,Chile,CL,CHL\n",
        )
        archive.writestr(
            f"product_codes_{revision}_V202601.csv", "code,description\n010121,Horses\n"
        )
        archive.writestr("Readme.txt", random.Random(1).randbytes(3_000_000))
    return buffer.getvalue()


def fill(desk: Desk, *places: str, **options: Any) -> list[LeftOut]:
    """Land what is at these paths below the server's address, or at these paths."""
    named = [f"{desk.server.url}{place}" if place.startswith("/") else place for place in places]
    settings = desk.settings(LCT_BACI=",".join(named))
    options = {"sleep": desk.time.sleep, **options}
    return fill_with_baci(desk.manifest, settings, desk.said.append, **options)


def landed(desk: Desk) -> list[bytes]:
    manifest = desk.manifest
    return [(manifest.folder / f.file).read_bytes() for f in manifest.current()]


def incoming(desk: Desk) -> list[str]:
    return sorted(p.name for p in desk.incoming.rglob("*") if p.name != "refresh.lock")


@pytest.fixture
def zip_served(server: PublishersServer) -> bytes:
    server.files[f"/{NAME}"] = baci_zip()
    return server.files[f"/{NAME}"]


# ---- cut and continued ---------------------------------------------------------------------------


def test_download_cut_is_continued(desk: Desk, server: PublishersServer, zip_served: bytes) -> None:
    server.faults = [Fault("BACI", resets(0.6), times=2)]
    assert fill(desk, f"/{NAME}") == []
    assert server.statuses == [200, 206, 206], "the rest was asked for, not the whole"
    assert landed(desk) == [zip_served]
    assert incoming(desk) == []


def test_download_cut_for_good_is_continued_by_the_next_run(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    server.faults = [Fault("BACI", resets(0.6))]
    [left_out] = fill(desk, f"/{NAME}", attempts=1)
    assert "The part that arrived is kept; run the same command again" in left_out.reason
    server.headers.clear()
    assert fill(desk, f"/{NAME}") == []
    [asked] = server.headers
    assert asked["Range"].startswith("bytes=")
    assert "If-Range" in asked
    assert landed(desk) == [zip_served]


def test_an_interrupted_download_has_as_many_attempts_as_bring_it_further(
    desk: Desk,
    server: PublishersServer,
    zip_served: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestration.sources.live.downloads.ENOUGH_PROGRESS_BYTES", 1000)
    server.faults = [Fault("BACI", resets(0.3), times=9)]
    assert fill(desk, f"/{NAME}", attempts=2) == []
    assert server.statuses == [200, *[206] * 9]
    assert landed(desk) == [zip_served]


def test_a_server_without_ranges_is_asked_for_the_whole_again(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    server.takes_ranges = server.tells_editions = False
    server.faults = [Fault("BACI", resets(0.6), times=2)]
    assert fill(desk, f"/{NAME}") == []
    assert server.statuses == [200, 200, 200]
    assert landed(desk) == [zip_served]


@pytest.mark.parametrize("tells_editions", [True, False])
def test_download_replaced_meanwhile(
    tells_editions: bool, desk: Desk, server: PublishersServer
) -> None:
    server.files["/WDI_CSV.zip"] = bulk_zip()
    server.tells_editions = tells_editions
    newer = bulk_zip(gdp="51234.5")
    assert len(newer) != len(bulk_zip())

    def then_replaced(handler, status: int, body: bytes) -> None:
        resets(0.6)(handler, status, body)
        server.files["/WDI_CSV.zip"] = newer

    server.faults = [Fault("WDI_CSV", then_replaced)]
    manifest, settings = desk.manifest, desk.settings()
    transport = world_bank_transport(settings, desk.said.append, sleep=desk.time.sleep)
    address = f"{server.url}/WDI_CSV.zip"
    assert land_archive(manifest, address, "LCT_WDI_BULK", desk.incoming, transport) == []
    assert landed(desk) == [newer], "never the end of one file behind the beginning of another"


def fill_and_be_killed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed when the download is complete, before it lands."""
    with monkeypatch.context() as patched:
        patched.setattr(
            archives, "register", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt())
        )
        with pytest.raises(KeyboardInterrupt):
            fill(desk, f"/{NAME}")


def test_killed_before_it_landed_a_complete_download_is_not_downloaded_again(
    desk: Desk, server: PublishersServer, zip_served: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_and_be_killed(desk, monkeypatch)
    assert NAME in incoming(desk)
    assert fill(desk, f"/{NAME}") == []
    assert server.statuses == [200, 304]
    assert landed(desk) == [zip_served]
    assert incoming(desk) == []


def test_killed_before_it_landed_and_replaced_since_it_is_downloaded_again(
    desk: Desk, server: PublishersServer, zip_served: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill_and_be_killed(desk, monkeypatch)
    server.files[f"/{NAME}"] = baci_zip(51234.5)
    assert fill(desk, f"/{NAME}") == []
    assert landed(desk) == [server.files[f"/{NAME}"]]


def test_a_download_is_on_disk_once(
    desk: Desk, zip_served: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrived: list[int] = []
    register = archives.register

    def watched(manifest, paths: list[Path], *arguments, **options) -> list[LeftOut]:
        arrived.append(paths[0].stat().st_ino)
        return register(manifest, paths, *arguments, **options)

    monkeypatch.setattr(archives, "register", watched)
    assert fill(desk, f"/{NAME}") == []
    [file] = desk.manifest.current()
    state = (desk.folder / "landing" / file.file).stat()
    assert (state.st_ino, state.st_nlink) == (arrived[0], 1)
    assert state.st_mode & 0o222 == 0, "read-only"
    assert len(file.sha256) == 64


# ---- landed before -------------------------------------------------------------------------------


@pytest.mark.parametrize("tells_editions", [True, False])
def test_what_has_landed_is_asked_for_and_not_downloaded_again(
    tells_editions: bool, desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    server.tells_editions = tells_editions
    fill(desk, f"/{NAME}")
    files = desk.manifest.files
    server.calls.clear()
    server.statuses.clear()
    assert fill(desk, f"/{NAME}?token=another") == []
    assert server.statuses == [304 if tells_editions else 200]
    assert "has not changed since" in desk.said[-1]
    assert desk.manifest.files == files


def test_a_file_that_changed_at_its_address_supersedes_the_landed_one(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    fill(desk, f"/{NAME}")
    server.files[f"/{NAME}"] = newer = baci_zip(51234.5)
    assert fill(desk, f"/{NAME}") == []
    assert landed(desk) == [newer]
    assert len(desk.manifest.files) == 2


def test_a_landed_zip_that_is_gone_comes_again(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    fill(desk, f"/{NAME}")
    [file] = desk.manifest.current()
    (desk.folder / "landing" / file.file).unlink()
    assert fill(desk, f"/{NAME}") == []
    assert landed(desk) == [zip_served]
    assert len(desk.manifest.files) == 1


def test_an_etag_that_repeats_the_secret_of_the_address_is_not_kept(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    server.tells_editions = False
    server.faults = [Fault("BACI", lambda h, s, b: h.reply(s, b, {"ETag": '"geheimnis"'}))]
    assert fill(desk, f"/{NAME}?token=geheimnis") == []
    [file] = desk.manifest.current()
    assert "etag" not in file.parameters


def test_a_server_that_is_down_keeps_no_one_from_using_what_has_landed(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    fill(desk, f"/{NAME}")
    server.calls.clear()
    server.faults = [Fault("BACI", answers(503, "down"), times=100)]
    assert fill(desk, f"/{NAME}") == []
    assert len(server.calls) == 1
    assert "is not known; what has landed is used" in desk.said[-1]
    assert landed(desk) == [zip_served]


def test_the_same_zip_from_a_path_is_not_downloaded(
    desk: Desk, server: PublishersServer, zip_served: bytes, tmp_path: Path
) -> None:
    (tmp_path / NAME).write_bytes(zip_served)
    settings = desk.settings(LCT_BACI=str(tmp_path / NAME))
    assert fill_with_baci(desk.manifest, settings, desk.said.append) == []
    assert fill(desk, f"/{NAME}") == []
    assert server.statuses == [200]
    assert "has not changed since" in desk.said[-1]
    assert len(desk.manifest.files) == 1


def test_two_runs_at_once_download_once(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    outcomes: list[list[LeftOut]] = []
    other = threading.Thread(target=lambda: outcomes.append(fill(desk, f"/{NAME}")))
    server.on_call = lambda number: other.start() if number == 1 else None
    server.faults = [Fault("BACI", resets(0.6))]
    outcomes.append(fill(desk, f"/{NAME}"))
    other.join()
    assert outcomes == [[], []]
    assert server.statuses == [200, 206, 304]
    assert landed(desk) == [zip_served]


# ---- refused -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (answers(200, HTML, Content_Type="text/html"), "a web page came, not a file"),
        (answers(200, f"\n{HTML}"), "a web page came, not a file"),
        (answers(403, "forbidden"), "what it takes to be let in"),
        (answers(404, "gone"), "404, gone"),
        (answers(200, "no zip"), "damaged or cut short"),
    ],
)
def test_what_is_no_zip_is_refused_with_a_remedy_and_the_next_run_lands(
    action: Callable, reason: str, desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    server.faults = [Fault("BACI", action)]
    [left_out] = fill(desk, f"/{NAME}")
    assert left_out.status == "refused"
    assert reason in left_out.reason
    assert "ownload" in left_out.reason, "what to do"
    assert len(server.calls) == 1, "it is not asked for again at once"
    assert incoming(desk) == []
    assert fill(desk, f"/{NAME}") == []
    assert landed(desk) == [zip_served]


def test_a_file_that_does_not_fit_is_refused_before_it_is_downloaded(
    desk: Desk, server: PublishersServer, zip_served: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(durable, "_free_bytes", lambda _: 1_000_000)
        with pytest.raises(DiskFullError, match=r"1\.0 MB are free, about 3\.0 MB are needed"):
            fill(desk, f"/{NAME}")
    assert fill(desk, f"/{NAME}") == []
    assert landed(desk) == [zip_served]


def test_a_download_that_is_too_slow_is_continued(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    server.faults = [Fault("BACI", drips(0.005))]
    bounds = Bounds(pace_seconds=0.5, pace_bytes=100_000)
    assert fill(desk, f"/{NAME}", bounds=bounds) == []
    assert any("bytes came in" in text for text in desk.said)
    assert landed(desk) == [zip_served]


# ---- several places ------------------------------------------------------------------------------


def test_every_place_lands_also_beside_one_that_cannot(
    desk: Desk, server: PublishersServer, zip_served: bytes, tmp_path: Path
) -> None:
    server.files[f"/older/{NAME}"] = older = baci_zip(51.125, year=2021)
    (tmp_path / "BACI_HS92_V202601.zip").write_bytes(baci_zip(revision="HS92"))
    path = tmp_path / "BACI_HS92_V202601.zip"
    settings = desk.settings(
        LCT_BACI=f"{path}, /nowhere/x.zip, {server.url}/absent.zip,"
        f"{server.url}/older/{NAME}, {server.url}/{NAME}"
    )
    left_out = fill_with_baci(desk.manifest, settings, desk.said.append)
    assert [x.status for x in left_out] == ["refused", "refused"]
    assert "LCT_BACI=/nowhere/x.zip: no such file" in left_out[0].reason
    assert "/absent.zip: 404" in left_out[1].reason
    assert landed(desk) == [path.read_bytes(), older, zip_served], "two of one name are two files"
    years = {(t.hs_revision, t.years) for f in desk.manifest.current() for t in f.tables[:1]}
    assert years == {("H0", (2022,)), ("H5", (2021,)), ("H5", (2022,))}


def test_two_addresses_that_differ_only_in_their_query_are_refused(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    [left_out] = fill(desk, f"/{NAME}?file=1", f"/{NAME}?file=2")
    assert "two addresses that differ only after the path" in left_out.reason
    assert landed(desk) == [zip_served]


def test_an_address_without_the_name_of_a_zip_gives_one(
    desk: Desk, server: PublishersServer
) -> None:
    server.files["/records/1/content"] = baci_zip()
    assert fill(desk, "/records/1/content") == []
    [file] = desk.manifest.current(BACI_TRADE)
    assert file.parameters["published_name"] == "download.zip"


def test_beside_baci_and_without_a_key_un_comtrade_is_not_asked(
    desk: Desk, server: PublishersServer, zip_served: bytes
) -> None:
    assert fill(desk, f"/{NAME}") == []
    server.calls.clear()
    assert desk.refresh(COMTRADE_API_KEY="", LCT_BACI=f"{server.url}/{NAME}") == ""
    assert server.count("/v1/") == 0
    assert [text for text in desk.said if "BACI (LCT_BACI) is the trade" in text]
    assert {f.source for f in desk.manifest.current()} == {"baci", "wdi"}
    assert desk.refresh(LCT_BACI=f"{server.url}/{NAME}") == ""
    assert server.count("/v1/") > 0, "with a key it is"


def test_where_baci_does_not_land_and_there_is_no_key_the_refresh_ends_with_the_reason(
    desk: Desk, server: PublishersServer
) -> None:
    settings = desk.settings(LCT_BACI=f"{server.url}/absent.zip", COMTRADE_API_KEY="")
    with pytest.raises(LandingError, match=r"there is no trade\. .*/absent\.zip: 404"):
        fill_landing_zone(settings, desk.said.append)
    assert server.calls == ["/absent.zip"], "no one is asked in vain"


# ---- progress ------------------------------------------------------------------------------------


def test_progress_is_a_line_now_and_then_where_there_is_no_terminal() -> None:
    said: list[str] = []
    times = iter([0.0, 10.0, 30.0, 50.0, 60.0])
    lines = progress._Lines("x.zip", 10_000_000, 100_000_000, said.append, lambda: next(times))
    for size in (20_000_000, 40_000_000, 60_000_000, 70_000_000):
        lines.show(size)
    assert said == [
        "x.zip: 40.0 MB of 100.0 MB (40 %), 1.0 MB a second, about 60 s to go",
        "x.zip: 70.0 MB of 100.0 MB (70 %), 1.0 MB a second, about 30 s to go",
    ]


def test_progress_is_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    said: list[str] = []
    with progress.showing_progress("x.zip", 0, 2_000_000, said.append) as show:
        show(1_500_000)
    assert "1.5/2.0 MB" in capsys.readouterr().err
    assert said == []


# ---- the table -----------------------------------------------------------------------------------

# what the table of docs/live-data.md says of downloads -> the test that holds it
FAULTS = {
    "download cut": test_download_cut_is_continued,
    "download cut by a server without ranges": (
        test_a_server_without_ranges_is_asked_for_the_whole_again
    ),
    "download cut again and again": (
        test_an_interrupted_download_has_as_many_attempts_as_bring_it_further
    ),
    "download cut for good": test_download_cut_for_good_is_continued_by_the_next_run,
    "download complete, run killed before it landed": (
        test_killed_before_it_landed_a_complete_download_is_not_downloaded_again
    ),
    "download of a file that has landed": (
        test_what_has_landed_is_asked_for_and_not_downloaded_again
    ),
    "download of a file that has changed": (
        test_a_file_that_changed_at_its_address_supersedes_the_landed_one
    ),
    "download of a landed file, server down": (
        test_a_server_that_is_down_keeps_no_one_from_using_what_has_landed
    ),
    "download by two runs at once": test_two_runs_at_once_download_once,
    "download that drips": test_a_download_that_is_too_slow_is_continued,
    "download that does not fit on the disk": (
        test_a_file_that_does_not_fit_is_refused_before_it_is_downloaded
    ),
    "download of a web page": (test_what_is_no_zip_is_refused_with_a_remedy_and_the_next_run_lands),
    "download refused with 403 or 404": (
        test_what_is_no_zip_is_refused_with_a_remedy_and_the_next_run_lands
    ),
    "download replaced meanwhile": test_download_replaced_meanwhile,
    "BACI not at the place named": test_every_place_lands_also_beside_one_that_cannot,
    "BACI not landed, and no key": (
        test_where_baci_does_not_land_and_there_is_no_key_the_refresh_ends_with_the_reason
    ),
    "BACI at two addresses that differ only in their query": (
        test_two_addresses_that_differ_only_in_their_query_are_refused
    ),
}


def test_the_page_on_live_data_names_every_fault_of_a_download() -> None:
    page = (PROJECT_ROOT / "docs" / "live-data.md").read_text(encoding="utf-8")
    assert [fault for fault in FAULTS if f"| {fault} |" not in page] == []
