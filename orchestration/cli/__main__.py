"""The commands of `lct` and their help. Each command's work is in the module of the same name."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from orchestration.cli import completion

app = typer.Typer(
    name="lct",
    help="The Low-Carbon Trade Warehouse. Settings: LCT_ variables or .env (see .env.example).",
    no_args_is_help=True,
    epilog="Exit status: 0 done; 1 not done, the message says why; 2 an option or a setting cannot "
    "be used; 3 a query ran out of time; 130 interrupted.",
    add_completion=True,
    pretty_exceptions_enable=False,
)

Source = Annotated[str | None, typer.Option(help="Who fills the landing zone: demo, files or api.")]
Landing = Annotated[str | None, typer.Option(help="The folder with the publishers' files.")]

Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON object.")]

Publication = Annotated[
    str | None,
    typer.Option(
        help="Its number, such as 000012; default: what is published.",
        autocompletion=completion.publications,
    ),
]


@app.command()
def run(
    source: Source = None,
    landing: Landing = None,
    full: Annotated[
        bool, typer.Option("--full", help="Build everything again, whether or not it is new.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fill the landing zone, run the whole pipeline, publish, and print a summary."""
    from orchestration.cli.run import main

    _choose(source, landing)
    if full:
        os.environ["LCT_FULL"] = "true"
    sys.exit(main(as_json))


@app.command()
def dev(source: Source = None, landing: Landing = None, as_json: Json = False) -> None:
    """Serve Dagster's pages on this machine."""
    from orchestration.cli.dev import main

    _choose(source, landing)
    main(as_json)


@app.command()
def serve(
    process: Annotated[Literal["webserver", "daemon"], typer.Argument(help="Which of the two.")],
    as_json: Json = False,
) -> None:
    """Be one of Dagster's two processes, for a service manager (deploy/systemd)."""
    from orchestration.cli.serve import main

    sys.exit(main(process, as_json))


@app.command()
def restore(
    publication: Annotated[
        str | None,
        typer.Argument(
            help="Its number, such as 000012; default: the one before.",
            autocompletion=completion.publications,
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Point `published` back at an earlier publication."""
    from orchestration.cli.restore import main

    sys.exit(main(publication, as_json))


@app.command()
def verify(as_json: Json = False, landing: Landing = None) -> None:
    """Check everything landed, loaded and published; heal what can be healed."""
    from orchestration.cli.verify import main

    _choose(None, landing)
    sys.exit(main(as_json))


@app.command()
def unland(
    files: Annotated[
        list[str],
        typer.Argument(
            help="Path in the landing zone, name, or start of the sha256.",
            autocompletion=completion.landed_files,
        ),
    ],
    undo: Annotated[
        bool, typer.Option("--undo", help="Put files that were taken out back.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Take landed files out of the landing zone: they are kept, and loaded no more."""
    from orchestration.cli.unland import main

    sys.exit(main(files, undo, as_json))


@app.command()
def spark(
    cluster: Annotated[
        bool, typer.Option("--cluster", help="Start a master and two workers on this machine.")
    ] = False,
    exclude: Annotated[
        list[str] | None, typer.Option(help="Data tests to leave out, as dbt selects them.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Build and test the models on Spark, and compare the results with DuckDB's (`make spark`)."""
    from orchestration.cli.spark import main

    sys.exit(main(cluster, as_json, tuple(exclude or ())))


@app.command()
def query(
    sql: Annotated[
        str | None, typer.Argument(help="One SELECT; without it, or -, from standard input.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A file with the query.")] = None,
    output_format: Annotated[
        Literal["table", "csv", "json", "markdown", "parquet"], typer.Option("--format")
    ] = "table",
    output: Annotated[
        Path | None, typer.Option(help="The file to write; default: standard output.")
    ] = None,
    limit: Annotated[int, typer.Option(min=0, help="Rows at most; 0: all.")] = 1000,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds at most.")] = 60,
    publication: Publication = None,
    as_json: Json = False,
) -> None:
    """Ask a publication in SQL: read-only, no other file, at most so many rows and seconds."""
    from orchestration.cli.query import Query, main

    asked = Query(sql, file, limit, timeout, publication)
    sys.exit(main(asked, "json" if as_json else output_format, output))


@app.command()
def tables(
    table: Annotated[
        str | None,
        typer.Argument(
            help="The one to describe; without it, all are listed.",
            autocompletion=completion.tables,
        ),
    ] = None,
    publication: Publication = None,
    as_json: Json = False,
) -> None:
    """List the published tables and macros, or describe one: grain, columns, units, caveats."""
    from orchestration.cli.tables import main

    sys.exit(main(table, publication, as_json))


@app.command()
def status(as_json: Json = False) -> None:
    """What is published, from what and how fresh, what waits, and what failed last."""
    from orchestration.cli.status import main

    sys.exit(main(as_json))


@app.command()
def exhibits(
    exhibit: Annotated[
        str | None,
        typer.Argument(
            help="The one to show; without it, all are listed.",
            autocompletion=completion.exhibits,
        ),
    ] = None,
    language: Annotated[Literal["en", "zh"], typer.Option(help="English or Chinese.")] = "en",
    year: Annotated[int | None, typer.Option(help="Only this year.")] = None,
    publication: Publication = None,
    as_json: Json = False,
) -> None:
    """List the report's figures and tables, or show one on the terminal."""
    from orchestration.cli.exhibits import main

    sys.exit(main(exhibit, language, year, publication, as_json))


@app.command()
def export(
    what: Annotated[
        str, typer.Argument(help="panel, exhibits, an exhibit (table_4) or a table (marts.x).")
    ],
    output_format: Annotated[
        Literal["csv", "dta", "parquet", "r", "tex", "xlsx"] | None,
        typer.Option("--format", help="Default: what the ending of --to says."),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="The file; default: its name in the working folder.")
    ] = None,
    economies: Annotated[str | None, typer.Option(help="Only these: DEU,FRA.")] = None,
    years: Annotated[str | None, typer.Option(help="Only these: 2000-2010,2015.")] = None,
    variables: Annotated[str | None, typer.Option(help="Only these: gdp_growth,ln_*.")] = None,
    language: Annotated[
        Literal["en", "zh"] | None,
        typer.Option(help="Of labels and exhibits; default: both where the format holds both."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    publication: Publication = None,
    as_json: Json = False,
) -> None:
    """Export the panel, a table or the exhibits: Stata, Excel, R, CSV, Parquet, LaTeX."""
    from orchestration.cli.export import Export, main

    chosen = Export(
        what, output_format, to, economies, years, variables, language, force, publication
    )
    sys.exit(main(chosen, as_json))


@app.command()
def compare(
    before: Annotated[
        str | None,
        typer.Argument(
            help="Number or folder; default: the one before AFTER.",
            autocompletion=completion.publications,
        ),
    ] = None,
    after: Annotated[
        str | None,
        typer.Argument(
            help="Number or folder; default: what is published.",
            autocompletion=completion.publications,
        ),
    ] = None,
    table: Annotated[
        str | None, typer.Option(help="Only this table.", autocompletion=completion.tables)
    ] = None,
    examples: Annotated[int, typer.Option(min=0, help="Changes shown of a table.")] = 5,
    as_json: Json = False,
) -> None:
    """Compare two publications: what they were made from, and which numbers differ."""
    from orchestration.cli.compare import main

    sys.exit(main(before, after, table, examples, as_json))


@app.command("open")
def open_place(
    what: Annotated[
        Literal["page", "dagster", "docs", "codebook", "pictures", "tables"],
        typer.Argument(help="The report's page, Dagster, dbt's documentation, ..."),
    ] = "page",
    publication: Publication = None,
    as_json: Json = False,
) -> None:
    """Open what is published in the browser; without one, print where it is."""
    from orchestration.cli.open import main

    sys.exit(main(what, publication, as_json))


@app.command()
def lake(
    engine: Annotated[
        Literal["duckdb", "spark", "polars"] | None,
        typer.Argument(help="Print its script; without it, the files are listed."),
    ] = None,
    publication: Publication = None,
    as_json: Json = False,
) -> None:
    """The published Parquet files, and a script that gives an engine all tables by name."""
    from orchestration.cli.lake import main

    sys.exit(main(engine, publication, as_json))


@app.command()
def backup(
    to: Annotated[Path, typer.Argument(help="The folder of all backups, outside the data folder.")],
    keep: Annotated[
        int | None, typer.Option(min=1, help="Delete older backups than so many.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Back up what has landed and what is published, also while a refresh runs."""
    from orchestration.cli.backup import main

    sys.exit(main(to, keep, as_json))


@app.command()
def recover(
    source: Annotated[
        Path, typer.Argument(metavar="FROM", help="A backup, or the folder of all: the newest.")
    ],
    as_json: Json = False,
) -> None:
    """Put a backup back into an empty data folder, every file checked."""
    from orchestration.cli.recover import main

    sys.exit(main(source, as_json))


def _choose(source: str | None, landing: str | None) -> None:
    """Options of the command line take precedence over the environment."""
    chosen = {"LCT_SOURCE": source, "LCT_LANDING": landing}
    os.environ.update({name: value for name, value in chosen.items() if value})


if __name__ == "__main__":
    app(prog_name="lct")
