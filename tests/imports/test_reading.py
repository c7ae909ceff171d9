"""Rows by their offset: whatever is in the cells, any batch can begin anywhere."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imports.domain.reading import read_layout, read_rows
from kernel.errors import Invalid

CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0\r"), max_size=12)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=8)
)


def write(rows: list[list[str]], *, end: str = "\n", delimiter: str = ",") -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerows(rows)
    return text.getvalue().encode()


def read_by(body: bytes, size: int) -> list[list[str]]:
    """Read a file in batches, each with a reader of its own."""
    file = io.BytesIO(body)
    layout, header = read_layout(file)
    found: list[list[str]] = []
    offset, place = layout.start, 1
    while True:
        batch = [
            row
            for row, _ in zip(
                read_rows(file, layout, header, offset=offset, place=place),
                range(size),
                strict=False,
            )
        ]
        if not batch:
            return found
        found += [list(row.cells) for row in batch]
        offset, place = batch[-1].end, place + len(batch)


@given(table=TABLES, size=st.integers(1, 5), end=st.sampled_from(["\n", "\r\n"]))
def test_batches_hold_the_rows_that_one_reader_finds(
    table: list[list[str]], size: int, end: str
) -> None:
    header = [f"column {place}" for place in range(len(table[0]))]
    wanted = [[cell.strip() for cell in row] for row in table if any(row)]
    assert read_by(write([header, *table], end=end), size) == wanted


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_the_header_uses(delimiter: str) -> None:
    body = write([["email", "name"], ["a@b.example", "Ada, of Bath; x"]], delimiter=delimiter)
    assert read_by(body, 1) == [["a@b.example", "Ada, of Bath; x"]]


def test_a_line_that_names_the_delimiter_for_spreadsheets_is_not_the_header() -> None:
    layout, header = read_layout(io.BytesIO(b"sep=;\nemail;name\na;b\n"))
    assert (layout.delimiter, header) == (";", ["email", "name"])


def test_json_lines_are_columns_by_name_one_level_deep() -> None:
    items = [{"email": "a@b.example", "n": 1.50, "at": {"city": "Bath"}}, {"vip": True, "x": None}]
    body = "\n".join(json.dumps(item) for item in items).encode()
    assert read_layout(io.BytesIO(body))[1] == ["email", "n", "at.city", "vip", "x"]
    assert read_by(body, 1) == [
        ["a@b.example", "1.5", "Bath", "", ""],
        ["", "", "", "true", ""],
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "The file is empty."),
        (b" \n\n", "The file is empty."),
        (b",,\n", "The file has no header"),
        (b"[{}]\n", "Line 1 is not a JSON object"),
        (b'{"a": 1}\nno\n', "Line 2 is not a JSON object"),
        (b"{}\n", "its first objects are empty"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(body: bytes, reason: str) -> None:
    with pytest.raises(Invalid, match=reason.replace("[", r"\[")):
        read_layout(io.BytesIO(body))


def test_a_quote_that_is_never_closed_names_its_row() -> None:
    body = b'email\na@b.example\n"' + b"x" * 200_000
    with pytest.raises(Invalid, match="damaged at row 2: field larger"):
        read_by(body, 10)
