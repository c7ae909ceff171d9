import gzip
from pathlib import Path

import pytest

from kernel.errors import Invalid
from stores.platforms.order_file import OrderRow
from stores.services.order_files import open_order_file

HEADER = "order_id,ordered_at,quantity,unit_price,title"
LINE = 'A1,2026-07-01,2,3.50,"Lantern, small"'
EXPECTED = OrderRow(
    order_id="A1", ordered_at="2026-07-01", quantity="2", unit_price="3.50", title="Lantern, small"
)


def read(path: Path, **mapping: str) -> list[OrderRow]:
    with open_order_file(path, mapping) as file:
        return list(file.rows)


def write(folder: Path, content: bytes | str) -> Path:
    path = folder / "orders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_a_plain_file(tmp_path: Path) -> None:
    assert read(write(tmp_path, f"{HEADER}\n{LINE}\n\n")) == [EXPECTED]


def test_gzip_is_seen_by_its_content(tmp_path: Path) -> None:
    assert read(write(tmp_path, gzip.compress(f"{HEADER}\n{LINE}\n".encode()))) == [EXPECTED]


def test_a_byte_order_mark_semicolons_and_windows_line_ends(tmp_path: Path) -> None:
    header = "\ufefforder_id;ordered_at;quantity;unit_price;title"
    content = f"{header}\r\nA1;2026-07-01;2;3.50;Lantern, small\r\n"
    assert read(write(tmp_path, content)) == [EXPECTED]


def test_columns_may_be_mapped_and_differ_in_case(tmp_path: Path) -> None:
    content = "InvoiceNo,ORDERED_AT,Quantity,Unit_Price,Description\n" + LINE
    assert read(write(tmp_path, content), order_id="invoiceno", title="Description") == [EXPECTED]


def test_a_line_break_inside_quotes_and_a_short_row(tmp_path: Path) -> None:
    content = f'{HEADER}\nA1,2026-07-01,2,3.50,"Lantern\nsmall"\nA2,2026-07-01,1\n'
    rows = read(write(tmp_path, content))
    assert [(row.order_id, row.title, row.unit_price) for row in rows] == [
        ("A1", "Lantern\nsmall", "3.50"),
        ("A2", "", ""),
    ]


def test_json_lines(tmp_path: Path) -> None:
    content = (
        '{"order_id": 17850, "ordered_at": "2026-07-01", "quantity": 2, "unit_price": 3.50}\n\n'
        '{"order_id": "B", "ordered_at": "2026-07-01", "quantity": -1, "unit_price": null}\n'
    )
    rows = read(write(tmp_path, content))
    assert [(row.order_id, row.quantity, row.unit_price) for row in rows] == [
        ("17850", "2", "3.50"),
        ("B", "-1", ""),
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "The file is empty"),
        (b"\n\n", "The file is empty"),
        (b"order_id,ordered_at,quantity,unit_price\n\xff\xfe\n", "The file is not UTF-8"),
        (b'{"order_id": 1}\n', "The file has no column 'ordered_at'. It has: order_id."),
        (b'{"order_id": \n', "Line 1 is not JSON"),
        (
            gzip.compress(b"order_id,ordered_at,quantity,unit_price\n1,2,3,4\n")[:-12],
            "The file is damaged",
        ),
    ],
    ids=["empty", "blank", "encoding", "json columns", "json", "cut"],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, content: bytes, expected: str) -> None:
    with pytest.raises(Invalid) as caught:
        read(write(tmp_path, content))
    assert str(caught.value).startswith(expected)


def test_a_wrong_header_says_what_is_missing_and_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        read(write(tmp_path, "InvoiceNo,ordered_at,quantity,unit_price\n"))
    assert str(caught.value) == (
        "The file has no column 'order_id'. It has: InvoiceNo, ordered_at, quantity, unit_price. "
        "Say which column holds it with --map order_id=COLUMN."
    )


def test_unknown_targets_and_mapped_columns_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path, f"{HEADER}\n")
    with pytest.raises(Invalid, match="'colour' is no target"):
        read(path, colour="x")
    with pytest.raises(Invalid, match="no column 'Tint'"):
        read(path, sku="Tint")
    with pytest.raises(Invalid, match=r"nowhere\.csv cannot be read"):
        read(tmp_path / "nowhere.csv")
