"""The user's own list of low-carbon products: how it may be written, and how it is refused."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.landing.layout import LandingError
from orchestration.landing.own_products import read_own_products

HEADER = "product_code,sector,technology,description\n"
LIST = (
    HEADER + '283691,batteries,lithium,"Carbonates, of lithium"\n850760,batteries,cells,Akku 电池\n'
)
PRODUCTS = [
    ("283691", "H5", "Carbonates, of lithium", "batteries", "lithium", False, ""),
    ("850760", "H5", "Akku 电池", "batteries", "cells", False, ""),
]


def written(folder: Path, body: bytes) -> Path:
    path = folder / "own list.csv"
    path.write_bytes(body)
    return path


@pytest.mark.parametrize(
    "body",
    [
        LIST.encode(),
        LIST.encode("utf-8-sig"),
        LIST.replace("\n", "\r\n").encode(),
        LIST.replace("\n", "\r").encode(),
        LIST.replace("\n", "\n\n").encode(),
        LIST.replace("Carbonates, of", "Carbonates; of")
        .replace(",", ";")
        .replace("Carbonates; of", "Carbonates, of")
        .encode("utf-8-sig"),
    ],
    ids=["plain", "byte-order mark", "Windows", "old Mac", "blank lines", "semicolons"],
)
def test_a_list_is_read_as_office_programs_write_it(tmp_path: Path, body: bytes) -> None:
    assert read_own_products(written(tmp_path, body)) == PRODUCTS


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (LIST.encode("utf-16"), "row 1: the file is in UTF-16. Save the list as CSV in UTF-8"),
        (LIST.encode("utf-16-le"), "not plain text in UTF-8. Save the list as CSV"),
        (LIST.encode("gb18030"), "row 2, column description: .* bytes that are not UTF-8"),
        (
            HEADER.encode() + b'283691,x,y,"a\nb"\n',
            "row 1, column description: 'a.nb' holds a line",
        ),
        (HEADER.encode() + b"283691,x,\0,a\n", "row 1, column technology: .* control character"),
        (HEADER.encode() + b'283691,x,y,"a\n850760,x,y,b\n', "row 1: not a CSV .* quote"),
        (HEADER.encode() + b'283691,x,y,"a"b\n', "row 1: not a CSV .* quote"),
        (HEADER.encode() + b"283691,x,y," + b"z" * 140_000, "row 1: not a CSV .* quote"),
        (HEADER.encode() + b"283691,x,y\n", "row 1: 3 fields where the header has 4"),
        (HEADER.encode() + b"283691,x,y,a, b\n", "row 1: 5 fields where the header has 4. Put"),
        (HEADER.encode() + "２８３６９１,x,y,a\n".encode(), "column product_code: .* six digits"),
        (HEADER.replace("description", "sector").encode(), "column sector appears twice"),
        (b"", "the file is empty"),
        (b"\n\n", "the file is empty"),
    ],
)
def test_what_cannot_be_read_is_named_with_its_place_and_remedy(
    tmp_path: Path, body: bytes, said: str
) -> None:
    path = written(tmp_path, body)
    with pytest.raises(LandingError, match=said) as error:
        read_own_products(path)
    assert str(error.value).startswith(f"{path}: ")
    assert str(error.value).isprintable()
    assert len(str(error.value)) < len(str(path)) + 300


@given(
    cuts=st.lists(
        st.tuples(st.integers(0, len(LIST.encode())), st.integers(0, 4), st.binary(max_size=4)),
        max_size=4,
    )
)
def test_altered_bytes_are_read_or_refused(
    cuts: list[tuple[int, int, bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Never an exception that is not ours, and never a product that its file does not name."""
    body = LIST.encode()
    for start, length, other in cuts:
        body = body[:start] + other + body[start + length :]
    path = written(tmp_path_factory.mktemp("own"), body)
    products = []
    with suppress(LandingError):
        products = read_own_products(path)
    assert all(product[0].encode() in body for product in products)
    assert len(products) <= body.count(b"\n") + body.count(b"\r") + 1
