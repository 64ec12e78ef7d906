"""Loading into the raw tables."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestration.build import loading, warehouse
from orchestration.landing.layout import LandingError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("product_code,sector\n283691,x\n", "missing column.*technology"),
        (
            "product_code,sector,technology\n10121,x,y\n",
            "row 1, column product_code: '10121' is not six digits",
        ),
        (
            "product_code,sector,technology\n283691,x,y\n283691,x,z\n",
            "row 2, column product_code: 283691 appears twice",
        ),
        ("product_code,sector,technology\n283691,,y\n", "row 1, column sector: blank"),
        ("product_code,sector,technology\n", "no products"),
    ],
)
def test_a_wrong_list_is_refused_with_its_row(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(text)
    with (
        warehouse.writing(tmp_path / "w.duckdb") as connection,
        pytest.raises(LandingError, match=message),
    ):
        loading.load_own_products(connection, path)
