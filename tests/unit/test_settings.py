"""The table of settings and all that derives from it."""

from __future__ import annotations

import pytest

from orchestration.settings import PROJECT_ROOT, SettingError, load_settings
from tests.support.publishers_server import KEY


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LCT_SOURCE", "web"),
        ("LCT_TRADE_BASIS", "mirror"),
        ("LCT_HS_TREATMENT", "loose"),
        ("LCT_MINERAL_SCOPE", "all"),
        ("LCT_INCOME_VINTAGE", "FY30"),
        ("LCT_DEMO_SEED", "x"),
        ("LCT_DAGSTER_PORT", "70000"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(variable: str, value: str) -> None:
    with pytest.raises(SettingError) as error:
        load_settings({variable: value})
    assert value in str(error.value)
    assert variable.removeprefix("LCT_SOURCE") in str(error.value)


def test_every_setting_is_listed_in_the_example() -> None:
    example = (PROJECT_ROOT / ".env.example").read_text()
    settings = load_settings({"LCT_LANDING": "x"}).environment()
    assert [k for k in settings if k.startswith("LCT_") and k not in example] == []


@pytest.mark.parametrize(
    ("setting", "value", "reason"),
    [
        ("COMTRADE_API_KEY", "two words", "holds a blank or a character that no key has"),
        ("LCT_COMTRADE_URL", "http://comtradeapi.un.org", "not an address that begins with https"),
        ("LCT_WDI_VINTAGE", "2023", "yyyymm"),
        ("LCT_COMTRADE_CALLS_A_DAY", "many", "not a number of calls"),
        ("LCT_API_PAUSE_SECONDS", "-1", "not a number of seconds"),
    ],
)
def test_settings_that_cannot_be_used_are_named(setting: str, value: str, reason: str) -> None:
    with pytest.raises(SettingError, match=reason) as raised:
        load_settings({setting: value})
    assert setting != "COMTRADE_API_KEY" or value not in str(raised.value)
    assert KEY not in repr(load_settings({"COMTRADE_API_KEY": KEY})) + str(
        load_settings({"COMTRADE_API_KEY": KEY}).environment()
    )
