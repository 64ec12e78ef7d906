"""A local server that speaks the publishers' interfaces, for tests.

These are UN Comtrade (data, preview, getDa, reference lists), the World Bank (v2, the archives) and
plain downloads. The server serves what a landing zone holds, enforces the services' limits, and
fails on command.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
import socket
import struct
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import accumulate, pairwise
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import duckdb
import pyarrow as pa

from orchestration.landing.manifest import Manifest
from orchestration.landing.publishers.comtrade import COMTRADE_TRADE
from orchestration.landing.publishers.world_bank import WDI_ECONOMIES, WDI_INDICATORS
from orchestration.landing.reading import open_tables, read_batches
from orchestration.landing.synthetic_mark import INVENTED
from orchestration.sources.live.world_bank import successors

# parts of addresses by which calls are told apart
DATA, GET_DA, INDICATOR = "/data/v1/get/", "/getDa/", "/v2/sources/57/"
# the server's answers land as a publisher's: they do not say that they are invented
_REAL = f"replace({{}}, ' {INVENTED}', '')"
HTML = "<html><head><title>502 Bad Gateway</title></head></html>"

KEY = "0123456789abcdef0123456789abcdef"
INTEGERS = [
    "refPeriodId",
    "refYear",
    "refMonth",
    "reporterCode",
    "partnerCode",
    "partner2Code",
    "aggrLevel",
    "motCode",
    "qtyUnitCode",
    "altQtyUnitCode",
    "legacyEstimationFlag",
]
NUMBERS = [c.name for c in COMTRADE_TRADE.columns if c.kind in ("number", "amount")]
TRUTHS = [c.name for c in COMTRADE_TRADE.columns if c.name.startswith("is")]
FACTORS = {"EN.ATM.CO2E.KT": 1000.0, "EN.ATM.NOXE.KT.CE": 1000.0, "EN.ATM.METH.KT.CE": 1000.0}
# China's trade by month: each month's share of its year, in hundredths. In some years it publishes
# January and February as one.
CHINA = 156
SHARES = (9, 6, 8, 8, 8, 8, 9, 9, 9, 8, 9, 9)
YEARS_WITHOUT_JANUARY = (2020,)
PERIODS = {"A": "refYear", "M": "(100 * refYear + refMonth)"}
TABLES = {"A": "trade", "M": "monthly"}
SHARED = ("qty", "altQty", "netWgt", "grossWgt", "cifvalue", "fobvalue", "primaryValue")
RETIRED = ("EN.ATM.CO2E", "EN.CO2.TRAN", "EN.ATM.NOXE", "EN.ATM.METH", "CC.EST", "PV.EST", "RQ.EST")


def gather(manifest: Manifest, folder: Path) -> Path:
    """Turn the landed files of `manifest` into the server's tables, as Parquet below `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect()
    for layout, name in (
        (COMTRADE_TRADE, "trade"),
        (WDI_INDICATORS, "wide"),
        (WDI_ECONOMIES, "economies"),
    ):
        tables = [
            t
            for f in manifest.current(layout)
            for t in open_tables(manifest.folder / f.file)[0]
            if t.layout == layout
        ]
        for table in tables:
            batches = list(read_batches(table))
            connection.register("landed", pa.Table.from_batches(batches))
            exists = connection.execute(
                "select count(*) from information_schema.tables where table_name = ?", [name]
            ).fetchall()[0][0]
            connection.execute(
                f"insert into {name} by name select * from landed"
                if exists
                else f"create table {name} as select * from landed"
            )
    kind = {
        **dict.fromkeys(INTEGERS, "try_cast({0} as bigint)"),
        **dict.fromkeys(NUMBERS, "try_cast({0} as double)"),
        **dict.fromkeys(TRUTHS, "lower({0}) = 'true'"),
        "cmdDesc": _REAL.format("{0}"),
    }
    columns = ", ".join(
        f'{kind.get(c.name, "{0}").format(chr(34) + c.name + chr(34))} as "{c.name}"'
        for c in COMTRADE_TRADE.columns
    )
    connection.execute(
        f"copy (select row_number() over () as place, {columns} from trade where freqCode = 'A' "
        f"order by refYear, reporterCode) to '{folder / 'trade.parquet'}'"
    )
    connection.execute(
        f"""
        copy (
            select
                "Country Code" as iso3,
                "Country Name" as country,
                "Indicator Code" as code,
                {_REAL.format('"Indicator Name"')} as indicator,
                cast(year as integer) as year,
                cast(value as double) as value
            from (
                unpivot (select * exclude (landed_row) from wide)
                on columns(
                    * exclude ("Country Code", "Country Name", "Indicator Code", "Indicator Name")
                )
                into name year value value
            )
        )
        to '{folder / "observations.parquet"}'
        """
    )
    connection.execute(f"copy economies to '{folder / 'economies.parquet'}'")
    return folder


def monthly_trade() -> str:
    """China's rows of `trade` by month: the parts of a value, to the thousandth, sum to it."""

    def part(column: str) -> str:
        thousandths = f"cast(round(trade.{column} * 1000) as bigint)"
        return (
            f"({thousandths} * months.upto // 100 - {thousandths} * months.before // 100) "
            f"/ 1000 as {column}"
        )

    upto = list(accumulate(SHARES))
    months = ", ".join(
        f"({month}, {before}, {after})"
        for month, (before, after) in enumerate(pairwise([0, *upto]), 1)
    )
    no_january = ", ".join(map(str, YEARS_WITHOUT_JANUARY))
    return f"""
        select
            trade.* replace (
                'M' as freqCode,
                months.month as refMonth,
                cast(100 * trade.refYear + months.month as varchar) as period,
                10000 * trade.refYear + 100 * months.month + 1 as refPeriodId,
                {", ".join(part(column) for column in SHARED)}
            )
        from trade
        inner join (
            select year, month, if(month = 2 and year in ({no_january}), 0, before) as before, upto
            from (values {months}) as of_a_year(month, before, upto)
            cross join (select distinct refYear as year from trade) as years
            where not (month = 1 and year in ({no_january}))
        ) as months
            on trade.refYear = months.year
        where trade.reporterCode = {CHINA}
    """


Action = Callable[["_Handler", int, bytes], None]


@dataclass
class Fault:
    """What happens to the next `times` requests whose address contains `match`.

    The action is given the right answer, which it replaces.
    """

    match: str
    action: Action
    times: int = 1


def do_nothing(_: int) -> None:
    """What happens on a call unless a test asks for more."""


@dataclass
class PublishersServer:
    """Start it with `with`; `url` is the base address of everything.

    `calls` lists the requested addresses in order.
    """

    folder: Path
    years: set[int] | None = None
    reporters: set[int] | None = None
    quota: int = 10_000
    wdi_updated: str = "2026-07-01"
    files: dict[str, bytes] = field(default_factory=dict)
    # what only this server says of an edition of a file, and what it makes of Range
    tells_editions: bool = True
    takes_ranges: bool = True
    large_files: dict[str, Path] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    revised: dict[tuple[int, int], float] = field(default_factory=dict)
    withdrawn: set[tuple[int, int]] = field(default_factory=set)
    released: dict[tuple[int, int], str] = field(default_factory=dict)
    on_call: Callable[[int], None] = do_nothing

    def __enter__(self) -> PublishersServer:
        self._database = duckdb.connect()
        for name in ("trade", "observations", "economies"):
            self._database.execute(
                f"create view {name} as select * from '{self.folder / f'{name}.parquet'}'"
            )
        self._database.execute(f"create view monthly as {monthly_trade()}")
        handler = type("Handler", (_Handler,), {"publishers": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # a client that was killed is no fault of the server
        self._server.handle_error = lambda *_: None
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def count(self, part: str = "") -> int:
        return sum(part in call for call in self.calls)

    def revise(self, reporter: int, period: int, factor: float = 2.0) -> None:
        """The reporter publishes the year or the month (199303) anew, with other values."""
        self.revised[reporter, period] = self.revised.get((reporter, period), 1.0) * factor
        self.release(reporter, period)

    def release(self, reporter: int, period: int) -> None:
        self.released[reporter, period] = f"2025-01-{2 + len(self.released):02}T09:30:00"

    # -- answers ----------------------------------------------------------------------------------

    def ask(self, sql: str, parameters: list | None = None) -> list[tuple]:
        return self._database.cursor().execute(sql, parameters or []).fetchall()

    def _existing(self, frequency: str = "A") -> str:
        def listed(values: set[int]) -> str:
            return ", ".join(map(str, sorted(values)))

        return " and ".join(
            [
                "true" if self.years is None else f"refYear in ({listed(self.years)})",
                "true" if self.reporters is None else f"reporterCode in ({listed(self.reporters)})",
                *(
                    f"not (reporterCode = {r} and {PERIODS[frequency]} = {p})"
                    for r, p in self.withdrawn
                ),
            ]
        )

    def trade(self, frequency: str, asked: dict[str, str], cap: int) -> bytes:
        conditions = [self._existing(frequency)]
        for parameter, column in {
            "period": PERIODS[frequency],
            **{
                c: c
                for c in (
                    "reporterCode",
                    "partnerCode",
                    "cmdCode",
                    "flowCode",
                    "partner2Code",
                    "customsCode",
                    "motCode",
                )
            },
        }.items():
            if asked.get(parameter):
                conditions.append(
                    f"cast({column} as varchar) in "
                    f"({', '.join(repr(v) for v in asked[parameter].split(','))})"
                )
        columns = {c.name: f'"{c.name}"' for c in COMTRADE_TRADE.columns}
        if asked.get("includeDesc") == "false":
            columns |= {c: "null" for c in columns if c.endswith(("Desc", "ISO", "Abbr"))}
        factor = (
            "case "
            + " ".join(
                f"when reporterCode = {r} and {PERIODS[frequency]} = {p} then {f}"
                for (r, p), f in self.revised.items()
            )
            + " else 1 end"
            if self.revised
            else "1"
        )
        columns["primaryValue"] = f"primaryValue * {factor}"
        listed = ", ".join(f'{expression} as "{name}"' for name, expression in columns.items())
        rows = self.ask(
            f"select to_json(t)::varchar from (select {listed} from {TABLES[frequency]} "
            f"where {' and '.join(conditions)} order by refMonth, place limit {cap}) as t"
        )
        return b'{"elapsedTime":"0.10 secs","count":%d,"data":[%s],"error":""}' % (
            len(rows),
            ",".join(r for (r,) in rows).encode(),
        )

    def availability(self, frequency: str, asked: dict[str, str]) -> bytes:
        period = PERIODS[frequency]
        conditions = [
            self._existing(frequency),
            *(
                f"{column} in ({asked[parameter]})"
                for parameter, column in (("period", period), ("reporterCode", "reporterCode"))
                if asked.get(parameter)
            ),
        ]
        found = self.ask(
            f"select reporterCode, {period}, classificationCode, count(*) "
            f"from {TABLES[frequency]} where {' and '.join(conditions)} group by all order by all"
        )
        found += [
            (r, p, "H6", 0)
            for r, p in sorted(self.withdrawn)
            if (p > 9999) == (frequency == "M")
            and (not asked.get("period") or str(p) in asked["period"].split(","))
        ]
        rows = [
            {
                "datasetCode": r * 10**6 + p,
                "typeCode": "C",
                "freqCode": frequency,
                "period": p,
                "reporterCode": r,
                "classificationCode": c,
                "classificationSearchCode": "HS",
                "isOriginalClassification": True,
                "totalRecords": n,
                "datasetChecksum": n,
                "firstReleased": "2024-01-01T00:00:00",
                "lastReleased": self.released.get((r, p), "2024-01-01T00:00:00"),
            }
            for r, p, c, n in found
        ]
        return json.dumps(
            {"elapsedTime": "0.10 secs", "count": len(rows), "data": rows, "error": ""}
        ).encode()

    def codes_of_today(self) -> dict[str, tuple[str, str]]:
        """Today's code -> the code in the landed files, and its name."""
        known = dict(self.ask("select distinct code, indicator from observations"))
        followed = {old: new for old, new in successors().items() if old in known}
        return {
            followed.get(c, c): (c, name)
            for c, name in known.items()
            if c in followed or not c.startswith(RETIRED)
        }

    def indicators(
        self, codes: list[str], first: int, last: int, asked: dict[str, str], archive: str | None
    ) -> bytes:
        known = (
            {c: (c, n) for c, n in self.ask("select distinct code, indicator from observations")}
            if archive
            else self.codes_of_today()
        )
        unknown = [c for c in codes if c not in known]
        if unknown:
            return json.dumps(
                [
                    {
                        "message": [
                            {
                                "id": "175",
                                "key": "Invalid format",
                                "value": (
                                    "The indicator was not found. "
                                    "It may have been deleted or archived."
                                ),
                            }
                        ]
                    }
                ]
            ).encode()
        per_page, page = int(asked["per_page"]), int(asked["page"])
        pairs = ", ".join(
            f"('{new}', '{known[new][0]}', "
            f"{1 / FACTORS.get(known[new][0], 1.0) if new != known[new][0] else 1.0})"
            for new in codes
        )
        grid = f"""
            select g.new, i.indicator, e."Country Code", e."Short Name", y.year, o.value * g.factor
            from (values {pairs}) as g(new, code, factor)
            cross join economies as e
            cross join (select unnest(range({first}, {last + 1})) as year) as y
            left join (select distinct code, indicator from observations) as i on i.code = g.code
            left join observations as o
                on o.code = g.code and o.iso3 = e."Country Code" and o.year = y.year
            order by g.new, e."Country Code", y.year desc
        """
        [(total,)] = self.ask(f"select count(*) from ({grid})")
        rows = self.ask(f"{grid} limit {per_page} offset {per_page * (page - 1)}")
        info = {
            "page": page,
            "pages": -(-total // per_page),
            "per_page": per_page,
            "total": total,
            "sourceid": "57" if archive else "2",
            "lastupdated": self.wdi_updated,
        }
        if archive:
            data = [
                {
                    "variable": [
                        {"concept": "Country", "id": iso, "value": name},
                        {"concept": "Series", "id": code, "value": label},
                        {"concept": "Time", "id": f"YR{year}", "value": str(year)},
                        {"concept": "Version", "id": archive, "value": archive},
                    ],
                    "value": value,
                }
                for code, label, iso, name, year, value in rows
            ]
            return json.dumps(
                {**info, "source": {"id": "57", "name": "WDI Database Archives", "data": data}}
            ).encode()
        data = [
            {
                "indicator": {"id": code, "value": label},
                "country": {"id": iso[:2], "value": name},
                "countryiso3code": iso,
                "date": str(year),
                "value": value,
                "unit": "",
                "obs_status": "",
                "decimal": 0,
            }
            for code, label, iso, name, year, value in rows
        ]
        return json.dumps([info, data]).encode()

    def one_page(self, rows: list[dict]) -> bytes:
        return json.dumps(
            [{"page": 1, "pages": 1, "per_page": "20000", "total": len(rows)}, rows]
        ).encode()

    def economies(self) -> bytes:
        rows = self.ask(
            'select "Country Code", "Short Name", "Region", "Income Group" from economies '
            "order by 1"
        )
        return self.one_page(
            [
                {
                    "id": code,
                    "iso2Code": code[:2],
                    "name": name,
                    "region": {"id": "XX" if region else "NA", "value": region or "Aggregates"},
                    "incomeLevel": {"id": "X" if region else "NA", "value": income or "Aggregates"},
                }
                for code, name, region, income in rows
            ]
        )

    def catalogue(self) -> bytes:
        return self.one_page(
            [
                {
                    "id": code,
                    "name": name,
                    "unit": "",
                    "source": {"id": "2"},
                    "sourceOrganization": "the demo",
                }
                for code, (_, name) in self.codes_of_today().items()
            ]
        )


class _Handler(BaseHTTPRequestHandler):
    publishers: PublishersServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        publishers = self.publishers
        publishers.calls.append(unquote(self.path))
        publishers.headers.append(dict(self.headers))
        publishers.on_call(len(publishers.calls))
        if large := publishers.large_files.get(unquote(urlsplit(self.path).path)):
            self._send_large(large)
            return
        try:
            status, body = self._answer()
            fault = next(
                (f for f in publishers.faults if f.times and f.match in unquote(self.path)), None
            )
            if fault:
                fault.times -= 1
                fault.action(self, status, body)
            else:
                self.reply(status, body)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        headers = {"Content-Type": "application/json; charset=utf-8", **(headers or {})}
        if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) < 200_000:
            body, headers = gzip.compress(body, 1), {**headers, "Content-Encoding": "gzip"}
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _answer(self) -> tuple[int, bytes]:
        publishers, parts = self.publishers, urlsplit(self.path)
        asked = {k: v[0] for k, v in parse_qs(parts.query).items()}
        path = unquote(parts.path)
        if path.startswith(("/data/v1", "/public/v1")):
            if path.startswith("/data/v1") and self.headers.get("Ocp-Apim-Subscription-Key") != KEY:
                return (
                    401,
                    b'{ "statusCode": 401, '
                    b'"message": "Access denied due to missing subscription key. '
                    b'Make sure to include subscription key when making requests to an API." }',
                )
            if sum("/v1/" in c for c in publishers.calls) > publishers.quota:
                return (
                    403,
                    b'{ "statusCode": 403, "message": "Out of call volume quota. '
                    b'Quota will be replenished in 07:12:00." }',
                )
            if len(self.path) + len(publishers.url) > 4096:
                return 414, b"<html>414 Request-URI Too Large</html>"
            return self._comtrade(path, asked)
        if path.startswith("/files/v1/app/reference/Reporters"):
            codes = publishers.ask(
                f"select distinct reporterCode from trade where {publishers._existing()} order by 1"
            )
            return 200, json.dumps(
                {"results": [{"id": c, "reporterCode": c} for (c,) in codes]}
            ).encode()
        if match := re.fullmatch(r"/v2/country/all/indicator/([^/]+)", path):
            first, last = map(int, asked["date"].split(":"))
            return 200, publishers.indicators(match[1].split(";"), first, last, asked, None)
        if match := re.fullmatch(
            r"/v2/sources/57/version/(\d+)/country/all/series/([^/]+)/time/([^/]+)/data", path
        ):
            years = [int(t.removeprefix("YR")) for t in match[3].split(";")]
            return 200, publishers.indicators(
                match[2].split(";"), min(years), max(years), asked, match[1]
            )
        if path == "/v2/indicator":
            return 200, publishers.catalogue()
        if path == "/v2/country":
            return 200, publishers.economies()
        if path in publishers.files:
            return self._file(publishers.files[path])
        return 404, b'{ "statusCode": 404, "message": "Resource not found" }'

    def _comtrade(self, path: str, asked: dict[str, str]) -> tuple[int, bytes]:
        named = re.fullmatch(r"/(?:data|public)/v1/(get|preview|getDa)/C/([AM])/HS", path)
        if not named:
            return 404, b'{ "statusCode": 404, "message": "Resource not found" }'
        what, frequency = named.groups()
        most = 1 if what == "preview" else 12
        if len(asked.get("period", "").split(",")) > most:
            return 400, json.dumps(
                {"statusCode": 400, "message": f"at most {most} periods a call"}
            ).encode()
        if what == "getDa":
            return 200, self.publishers.availability(frequency, asked)
        cap = min(500 if what == "preview" else 100_000, int(asked.get("maxRecords", "500")))
        return 200, self.publishers.trade(frequency, asked, cap)

    def _file(self, whole: bytes) -> tuple[int, bytes]:
        tag = _etag(whole)
        if self.publishers.tells_editions and self.headers.get("If-None-Match") == tag:
            return 304, b""
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_same = self.headers.get("If-Range", tag) == tag
        if not asked or not is_same or not self.publishers.takes_ranges:
            return 200, whole
        start = int(asked[1])
        if start >= len(whole):
            return 416, b""
        return 206, whole[start:]

    def send_response(self, code: int, message: str | None = None) -> None:
        super().send_response(code, message)
        self.publishers.statuses.append(code)
        path = unquote(urlsplit(self.path).path)
        if path in self.publishers.files:
            whole = self.publishers.files[path]
            if self.publishers.tells_editions:
                self.send_header("ETag", _etag(whole))
            if code == 206:
                start = int(self.headers["Range"].removeprefix("bytes=").removesuffix("-"))
                self.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")

    def _send_large(self, path: Path) -> None:
        """A file too large for memory, as a web server sends it: by date, whole or from a byte."""
        state = path.stat()
        date = self.date_time_string(int(state.st_mtime))
        if self.headers.get("If-Modified-Since") == date:
            self.send_response(304)
            self.end_headers()
            return
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        is_part = asked is not None and self.headers.get("If-Range", date) == date
        start = int(asked[1]) if asked and is_part else 0
        self.send_response(206 if is_part else 200)
        self.send_header("Last-Modified", date)
        self.send_header("Content-Length", str(state.st_size - start))
        if is_part:
            self.send_header("Content-Range", f"bytes {start}-{state.st_size - 1}/{state.st_size}")
        self.end_headers()
        try:
            with open(path, "rb") as file:
                file.seek(start)
                shutil.copyfileobj(file, self.wfile, 1 << 20)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True


def _etag(whole: bytes) -> str:
    return f'"{zlib.crc32(whole):x}"'


# -- faults --------------------------------------------------------------------------------------


def answers(status: int, body: bytes | str, **headers: str) -> Action:
    """Another status, body and headers (underscores in header names stand for hyphens)."""
    raw = body.encode() if isinstance(body, str) else body
    return lambda handler, _, __: handler.reply(
        status, raw, {name.replace("_", "-"): value for name, value in headers.items()}
    )


def changes(change: Callable[[object], object]) -> Action:
    """The right answer with something changed in its JSON."""
    return lambda handler, status, body: handler.reply(
        status, json.dumps(change(json.loads(body))).encode()
    )


def changed_rows(change: Callable[[list[dict]], list[dict]]) -> Callable:
    def with_count(answer: dict) -> dict:
        rows = change(answer["data"])
        return {**answer, "count": len(rows), "data": rows}

    return changes(with_count)


def changes_bytes(change: Callable[[bytes], bytes]) -> Action:
    return lambda handler, status, body: handler.reply(status, change(body))


def resets(share: float = 0.5) -> Action:
    """The connection is reset after part of the body."""

    def action(handler: _Handler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body[: int(len(body) * share)])
        handler.wfile.flush()
        time.sleep(0.05)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.close_connection = True
        handler.connection.close()

    return action


def hangs_up(handler: _Handler, status: int, body: bytes) -> None:
    """The connection is closed without a word."""
    handler.close_connection = True
    handler.connection.shutdown(socket.SHUT_RDWR)


def drips(seconds: float) -> Action:
    """The body comes byte by byte."""

    def action(handler: _Handler, status: int, body: bytes) -> None:
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for place in range(len(body)):
            handler.wfile.write(body[place : place + 1])
            handler.wfile.flush()
            time.sleep(seconds)

    return action


def is_silent(seconds: float) -> Action:
    """Nothing comes for a while."""

    def action(handler: _Handler, status: int, body: bytes) -> None:
        time.sleep(seconds)
        handler.reply(status, body)

    return action
