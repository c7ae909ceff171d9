"""A page of objects is parsed once, and each object is what it would be alone."""

import json
from decimal import Decimal

import pytest

from stores.platforms.fields import read_object, read_pieces

OBJECTS = [
    {"id": 1, "total": 12.5, "note": "Grüße \U0001f9fc"},
    {"id": 2**63 - 1, "lines": [{"name": "a\u0000b"}], "empty": {}},
]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("is_ascii", [True, False])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_each_object_is_read_as_it_would_be_alone(
    indent: int | None, is_ascii: bool, encoding: str
) -> None:
    body = f" {json.dumps(OBJECTS, indent=indent, ensure_ascii=is_ascii)}\n".encode(encoding)

    found = read_pieces(body)

    assert [read_object(piece) for _, piece in found] == [item for item, _ in found]
    assert found[0][0]["total"] == Decimal("12.5")
    assert found[0][0]["note"] == "Grüße \U0001f9fc"
    assert found[1][0]["lines"] == [{"name": "ab"}]


@pytest.mark.parametrize("body", [b"[]", b" [ ] \n", "\ufeff[]".encode()])
def test_no_object_is_no_fault(body: bytes) -> None:
    assert read_pieces(body) == []


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"{}", b"[1]", b"[{}", b"[{},]", b"[{} {}]", b"[{}]x", b"[[{}]]", b"null"),
        *(b'[{"total": NaN}]', b"[{}]]", b"[,{}]", b"\xff\xfe\x00"),
    ],
)
def test_what_is_no_list_of_objects_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_pieces(body)
