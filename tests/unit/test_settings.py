"""The table of settings and all that derives from it."""

from __future__ import annotations

import pytest

from orchestration.settings import PROJECT_ROOT, SettingError, load_settings


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
