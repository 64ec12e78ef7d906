"""The table of settings and all that derives from it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from estimation.prices.outliers import RULES
from orchestration.settings import (
    BASES,
    DEMO_SCALES,
    HS_TREATMENTS,
    INCOME_VINTAGES,
    MINERAL_SCOPES,
    OPTIONAL_PATH,
    OPTIONAL_TEXT,
    PANEL_FIRST_YEAR,
    PRICE_OUTLIER_RULES,
    PROJECT_PATH,
    PROJECT_ROOT,
    PUBLISHED_TABLES,
    SOURCES,
    TEXT,
    SettingError,
    Settings,
    env_example,
    load_settings,
    read_env_file,
)
from tests.support.publishers_server import KEY

FREE_KINDS = (TEXT, OPTIONAL_TEXT, OPTIONAL_PATH, PROJECT_PATH)
ROWS = {f.metadata["setting"].variable: f for f in fields(Settings)}
WRONG = [
    ("LCT_SOURCE", "web", SOURCES),
    ("LCT_TRADE_BASIS", "mirror", ("auto", *BASES)),
    ("LCT_HS_TREATMENT", "loose", HS_TREATMENTS),
    ("LCT_MINERAL_SCOPE", "all", MINERAL_SCOPES),
    ("LCT_INCOME_VINTAGE", "FY30", INCOME_VINTAGES),
    ("LCT_PRICE_BASE_YEAR", "last", ("a year such as 2022",)),
    ("LCT_PRICE_BASE_YEAR", "1900", ("a year such as 2022",)),
    ("LCT_PRICE_OUTLIER_RULE", "none", PRICE_OUTLIER_RULES),
    ("LCT_STANDARDISATION_YEARS", "1992", ("a first and a last year", "1992-2022")),
    ("LCT_MEMORY_LIMIT", "lots", ("an amount of memory", "6GB")),
    ("LCT_MEMORY_LIMIT", "5MB", ("an amount of memory", "6GB")),
    ("LCT_SPARK_MASTER", "yarn", ("no master of Spark", "local[2]", "spark://")),
    ("LCT_SPARK_MASTER", "spark://host", ("no master of Spark",)),
    ("LCT_SPARK_STORAGE", "bucket/lct", ("address of a folder", "s3a://bucket/lct")),
    ("LCT_SPARK_STORAGE", "s3a://bucket/lct/", ("a slash at its end",)),
    ("LCT_SPARK_STORAGE", "file:///", ("address of a folder",)),
    ("LCT_STANDARDISATION_YEARS", "1992 to 2022", ("a first and a last year",)),
    ("LCT_STANDARDISATION_YEARS", "2022-1992", ("a first and a last year",)),
    ("LCT_STANDARDISATION_YEARS", "1960-2022", ("starts in 1992",)),
    ("LCT_STANDARDISATION_YEARS", "1992-9999", ("a first and a last year",)),
    ("LCT_DEMO_SCALE", "huge", DEMO_SCALES),
    ("LCT_DEMO_ROWS", "many", ("is not a number of rows from 300000 to 1e9", "100e6")),
    ("LCT_DEMO_ROWS", "100 million", ("is not a number of rows",)),
    ("LCT_DEMO_ROWS", "1000", ("is not a number of rows",)),
    ("LCT_DEMO_ROWS", "2e9", ("is not a number of rows",)),
    ("LCT_DEMO_ROWS", "1.23456e4", ("is not a number of rows",)),
    ("LCT_DEMO_ROWS", "-1e6", ("is not a number of rows",)),
    ("LCT_PUBLISH", "rows", PUBLISHED_TABLES),
    ("LCT_ACCEPT_DRIFT", "yes", ("true", "false")),
    ("LCT_FULL", "1", ("true", "false")),
    ("LCT_REPORT_PAGE", "off", ("true", "false")),
    ("LCT_SCHEDULES", "true", ("on", "off")),
    ("LCT_DEMO_SEED", "0x7c8", ("is not a whole number", "for example 1992")),
    ("LCT_COMTRADE_CALLS_A_DAY", "many", ("is not a number of calls", "500")),
    ("LCT_COMTRADE_CALLS_A_DAY", "0", ("is not a number of calls", "500")),
    ("LCT_DAGSTER_PORT", "70000", ("is not a port", "from 1 to 65535")),
    ("LCT_API_PAUSE_SECONDS", "-1", ("is not a number of seconds", "for example 1.2")),
    ("LCT_WDI_VINTAGE", "2023", ("yyyymm", "today")),
    ("LCT_COMTRADE_URL", "http://comtradeapi.un.org", ("an address that begins with https",)),
    ("LCT_WORLD_BANK_URL", "ftp://127.0.0.1", ("an address that begins with https",)),
    ("LCT_DEMO_SEED", "²", ("is not a whole number",)),
    ("LCT_API_PAUSE_SECONDS", "²", ("is not a number of seconds",)),
    ("LCT_WDI_VINTAGE", "２０２３１０", ("yyyymm",)),
    ("LCT_STANDARDISATION_YEARS", "１９９２-２０２２", ("a first and a last year",)),
]
LONG = "1" * 5000


@pytest.mark.parametrize(("variable", "value", "allowed"), WRONG)
def test_a_wrong_setting_is_named_with_what_is_allowed(
    variable: str, value: str, allowed: tuple[str, ...]
) -> None:
    with pytest.raises(SettingError) as error:
        load_settings({variable: value})
    # the source is known as make names it
    named = variable.removeprefix("LCT_") if variable == "LCT_SOURCE" else variable
    assert str(error.value).startswith(f"{named}={value!r} ")
    assert [word for word in allowed if word not in str(error.value)] == []


def test_a_wrong_value_is_tried_for_every_setting_that_can_have_one() -> None:
    """Texts and paths take anything; what must not be repeated has tests of its own."""
    free = {v for v, f in ROWS.items() if f.metadata["setting"].kind in FREE_KINDS}
    not_repeated = {"COMTRADE_API_KEY", "LCT_BACI"}
    assert {variable for variable, *_ in WRONG} == set(ROWS) - free - not_repeated


@pytest.mark.parametrize("variable", sorted({variable for variable, *_ in WRONG}))
def test_a_long_value_is_cut_in_the_message(variable: str) -> None:
    """After 80 characters; an address is not repeated where it may hold a password."""
    with pytest.raises(SettingError) as error:
        load_settings({variable: LONG})
    assert LONG[:81] not in str(error.value)
    assert len(str(error.value)) < 400
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "address",
    [
        "https://[::1",
        "https://",
        "https://example.org:99999",
        "https://example.org:²",
        "https://us:pw-secret@example.org",
        "https://example.org/?token=secret",
        "http://example.org?token=secret",
        "Https://example.org/#secret",
    ],
)
def test_an_address_that_cannot_be_used_is_not_repeated(address: str) -> None:
    with pytest.raises(SettingError, match=r"^LCT_COMTRADE_URL is not a\w* ") as error:
        load_settings({"LCT_COMTRADE_URL": address})
    assert "secret" not in str(error.value)


def test_a_storage_with_a_key_in_its_address_is_not_repeated() -> None:
    with pytest.raises(SettingError, match=r"^LCT_SPARK_STORAGE is not the address") as error:
        load_settings({"LCT_SPARK_STORAGE": "s3a://key:secret@bucket/lct"})
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("variable", sorted(ROWS))
@pytest.mark.parametrize("text", ["a\0b", "a\nb", "a\x1b[31m", "a\udcffb", "a\u2028b"])
def test_what_is_not_one_line_of_text_is_refused_and_not_repeated(variable: str, text: str) -> None:
    with pytest.raises(SettingError, match=f"^{variable} holds a line break, ") as error:
        load_settings({variable: text})
    assert str(error.value).isprintable()


@pytest.mark.parametrize("variable", ["LCT_LANDING", "LCT_DATA_DIR", "LCT_LOW_CARBON_PRODUCTS"])
@pytest.mark.parametrize(
    ("text", "said"),
    [("~nouser/x", "there is no home folder of that name"), ("x" * 5000, "File name too long")],
)
def test_a_path_that_cannot_be_looked_up_is_refused(variable: str, text: str, said: str) -> None:
    with pytest.raises(SettingError) as error:
        load_settings({variable: text})
    assert str(error.value).startswith(f"{variable}='{text[:80]}'")
    assert said in str(error.value)


@pytest.mark.parametrize(
    "name", ["it's", 'two "words"', "$HOME ${HOME}", "a#b", "back\\slash", "{{x}}"]
)
def test_a_path_is_taken_to_the_letter(tmp_path: Path, name: str) -> None:
    settings = load_settings({"LCT_DATA_DIR": f"{tmp_path}/{name}"})
    assert settings.data_dir == tmp_path / name
    assert load_settings(settings.environment()) == settings


# ---- .env ----------------------------------------------------------------------------------------


def test_the_file_of_settings_is_taken_as_it_is_written(tmp_path: Path) -> None:
    """No variable is put in; quotes, comments, blank lines and a byte-order mark are understood."""
    file = tmp_path / ".env"
    file.write_bytes(
        b"\xef\xbb\xbf# a comment\r\n\r\nLCT_LANDING=${HOME}/files $HOME\r\n"
        b"LCT_DATA_DIR='it\\'s # here'  # not this\nexport LCT_SOURCE=files\nLCT_BACI=\n"
    )
    assert read_env_file(file) == {
        "LCT_LANDING": "${HOME}/files $HOME",
        "LCT_DATA_DIR": "it's # here",
        "LCT_SOURCE": "files",
        "LCT_BACI": "",
    }
    assert read_env_file(tmp_path / "none") == {}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"LCT_SOURCE=files\n\n\nCOMTRADE_API_KEY secret\n", "line 4: not a setting"),
        (b"secret\n", "line 1: not a setting"),
        (b"A=1\nB='secret\nC=2\n", "line 2: not a setting"),
        (b'A="1\n\n2"\n\n=secret\n', "line 5: not a setting"),
        (b"A=1\nB=secret\xe9\n", "line 2: not UTF-8 text"),
        ("A=secret\n".encode("utf-16"), "line 1: not UTF-8 text"),
    ],
)
def test_a_file_of_settings_that_cannot_be_parsed_is_named_with_its_line(
    tmp_path: Path, body: bytes, said: str
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(body)
    with pytest.raises(SettingError) as error:
        read_env_file(file)
    assert str(error.value).startswith(f"{file}, {said}")
    assert "secret" not in str(error.value)


def test_a_folder_in_the_place_of_the_file_of_settings_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingError, match="cannot be read"):
        read_env_file(tmp_path / ".env")


def test_a_key_that_cannot_be_sent_is_not_repeated() -> None:
    with pytest.raises(SettingError, match="COMTRADE_API_KEY holds a blank") as error:
        load_settings({"COMTRADE_API_KEY": "two words"})
    assert "two" not in str(error.value)
    assert "words" not in str(error.value)


def test_places_are_separated_by_commas_and_one_torn_off_an_address_is_never_repeated() -> None:
    for text in ("https://h.org/x.zip?token=abc,geheim", "https://anna:12,geheim@h.org/x.zip"):
        with pytest.raises(SettingError, match=r"LCT_BACI: .*written %2C") as refused:
            load_settings({"LCT_BACI": text})
        assert "geheim" not in str(refused.value)
    settings = load_settings({"LCT_BACI": "a.zip, b.zip,,a.zip,https://h.org/x.zip?token=geheim"})
    assert settings.baci == ("a.zip", "b.zip", "https://h.org/x.zip?token=geheim")
    assert "geheim" not in repr(settings)
    assert "LCT_BACI" not in settings.environment(with_secrets=False)
    assert settings.secrets()["baci"] == settings.baci


def test_secrets_are_not_shown_and_the_key_is_passed_to_no_process() -> None:
    webhook = "https://example.org/hook/not-to-be-told"
    settings = load_settings({"COMTRADE_API_KEY": KEY, "LCT_NOTICE_WEBHOOK": webhook})
    assert (settings.comtrade_key, settings.notice_webhook) == (KEY, webhook)
    assert KEY not in repr(settings)
    assert webhook not in repr(settings)
    assert "COMTRADE_API_KEY" not in settings.environment()
    assert KEY not in settings.environment().values()
    assert settings.environment()["LCT_NOTICE_WEBHOOK"] == webhook
    assert webhook not in settings.environment(with_secrets=False).values()


def test_the_example_is_written_from_the_table() -> None:
    """Byte for byte: every setting with its meaning and default, the key and webhook too."""
    example = (PROJECT_ROOT / ".env.example").read_bytes().decode("utf-8")
    assert example == env_example(), "run `make settings`"
    for variable, row in ROWS.items():
        assert f"#{variable}={row.metadata['setting'].default}\n" in example


OTHER_VALUES = {
    "LCT_MEMORY_LIMIT": "3GB",
    "LCT_SOURCE": "api",
    "LCT_LANDING": "/somewhere/files",
    "LCT_DATA_DIR": "/somewhere/data",
    "LCT_TRADE_BASIS": "partner_reported",
    "LCT_HS_TREATMENT": "strict",
    "LCT_MINERAL_SCOPE": "all_stages",
    "LCT_LOW_CARBON_PRODUCTS": "/somewhere/own list.csv",
    "LCT_INCOME_VINTAGE": "FY25",
    "LCT_PRICE_BASE_YEAR": "2019",
    "LCT_PRICE_OUTLIER_RULE": "tukey",
    "LCT_STANDARDISATION_YEARS": "1995-2020",
    "COMTRADE_API_KEY": KEY,
    "LCT_WDI_VINTAGE": "today",
    "LCT_WDI_BULK": "https://example.org/WDI_CSV.zip",
    "LCT_BACI": "/somewhere/BACI_HS17_V202601.zip,https://example.org/BACI_HS92_V202601.zip",
    "LCT_COMTRADE_CALLS_A_DAY": "250",
    "LCT_API_PAUSE_SECONDS": "0.25",
    "LCT_COMTRADE_URL": "http://127.0.0.1:8080",
    "LCT_WORLD_BANK_URL": "http://localhost:8080",
    "LCT_DEMO_SEED": "7",
    "LCT_DEMO_SCALE": "small",
    "LCT_DEMO_ROWS": "100000000",
    "LCT_SPARK_MASTER": "spark://10.0.0.1:7077",
    "LCT_SPARK_STORAGE": "s3a://bucket/lct",
    "LCT_PUBLISH": "aggregates",
    "LCT_ACCEPT_DRIFT": "true",
    "LCT_FULL": "true",
    "LCT_REPORT_PAGE": "false",
    "LCT_DAGSTER_PORT": "3001",
    "LCT_SCHEDULES": "on",
    "LCT_NOTICE_WEBHOOK": "https://example.org/hook",
}


@pytest.mark.parametrize("variable", ROWS)
def test_a_setting_read_and_passed_on_is_the_same_setting(variable: str) -> None:
    """Text, value, environment of a child process, the same value: not the default, and unset."""
    row = ROWS[variable]
    setting, text = row.metadata["setting"], OTHER_VALUES[variable]
    read = load_settings({variable: text})
    value = getattr(read, row.name)
    assert value != getattr(load_settings({}), row.name), "another value than the default"
    assert setting.kind.write(value) == text
    passed_on = read.environment()
    if setting.is_passed_on:
        assert passed_on[variable] == text
        assert load_settings(passed_on) == read
    else:
        assert variable not in passed_on
    assert load_settings({variable: ""}) == load_settings({})
    assert load_settings(load_settings({}).environment()) == load_settings({})


def test_dbt_has_the_same_defaults() -> None:
    """The settings that models read have their defaults in dbt_project.yml once more."""
    project = yaml.safe_load((PROJECT_ROOT / "dbt_project.yml").read_text("utf-8"))
    defaults = project["vars"]["setting_defaults"]
    assert len(defaults) == 7
    assert defaults == {
        name: ROWS[f"LCT_{name.upper()}"].metadata["setting"].default for name in defaults
    }
    assert project["vars"]["panel_first_year"] == PANEL_FIRST_YEAR


def test_the_outlier_rules_are_those_of_the_prices() -> None:
    assert set(PRICE_OUTLIER_RULES) == set(RULES)
