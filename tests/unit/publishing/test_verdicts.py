"""Claims whose verdict has changed since the last publication, and what is said of them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from orchestration.publishing.drift import COMPARED_CHOICES
from orchestration.publishing.verdicts import ChangedVerdicts, changed_verdicts
from orchestration.settings import Settings, load_settings

CHOICES = dict.fromkeys(COMPARED_CHOICES, "the same")


def write_verdicts(
    path: Path, basis: str = "reconciled", is_synthetic: bool = False, **verdicts: str
) -> Path:
    """A warehouse that has these verdicts and nothing else that is read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    choices = CHOICES | {"basis": basis}
    columns = ", ".join(f"'{value}' as {name}" for name, value in choices.items())
    with duckdb.connect(str(path)) as connection:
        connection.execute("create schema marts; create schema estimates")
        connection.execute(
            f"create table marts.run_choices as select {columns}".replace(
                "'the same' as is_synthetic", f"{is_synthetic} as is_synthetic"
            )
        )
        connection.execute("create table estimates.claims (claim_code text, verdict text)")
        for claim in verdicts.items():
            connection.execute("insert into estimates.claims values (?, ?)", claim)
    return path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(load_settings({}), data_dir=tmp_path)


def publish(settings: Settings, is_synthetic: bool = False, **verdicts: str) -> None:
    path = settings.published_dir / "warehouse.duckdb"
    write_verdicts(path, is_synthetic=is_synthetic, **verdicts)
    stated = {"settings": settings.stated(is_synthetic)}
    (settings.published_dir / "provenance.json").write_text(json.dumps(stated), "utf-8")


def found(
    settings: Settings, basis: str = "reconciled", is_synthetic: bool = False, **verdicts: str
) -> ChangedVerdicts:
    path = settings.data_dir / "build" / "build.duckdb"
    build = write_verdicts(path, basis, is_synthetic, **verdicts)
    with duckdb.connect(str(build), read_only=True) as connection:
        return changed_verdicts(connection, settings)


def test_a_verdict_that_changed_is_said_with_what_it_was(settings: Settings) -> None:
    publish(settings, openness="holds", lct_co2="fragile")
    result = found(settings, openness="fragile", lct_co2="fragile")
    assert result.compared == 2
    assert result.sentence() == (
        "1 of 2 claims of the report has another verdict than in the last publication: "
        "openness from holds to fragile."
    )


def test_what_is_the_same_or_new_or_gone_has_not_changed(settings: Settings) -> None:
    publish(settings, openness="holds", gone="fragile")
    result = found(settings, openness="holds", new="not supported")
    assert (result.compared, result.changed, result.not_compared) == (1, (), "")


def test_verdicts_of_the_demo_say_that_they_are_synthetic(settings: Settings) -> None:
    publish(settings, is_synthetic=True, openness="holds", lct_co2="fragile")
    result = found(settings, is_synthetic=True, openness="fragile", lct_co2="holds")
    assert result.sentence().startswith("SYNTHETIC DEMO DATA: every number is invented. 2 of 2 ")


def test_verdicts_on_other_choices_are_not_compared(settings: Settings) -> None:
    publish(settings, openness="holds")
    result = found(settings, basis="china_reported", openness="fragile")
    assert result.changed == ()
    assert "basis was reconciled, is china_reported" in result.not_compared


def test_without_a_publication_no_verdict_has_changed(settings: Settings) -> None:
    result = found(settings, openness="holds")
    assert (result.changed, result.not_compared) == ((), "nothing has been published yet")
