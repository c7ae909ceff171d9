"""What is refused at once, and what every way of writing a file leads to."""

import gzip
from io import BytesIO
from pathlib import Path

import pytest
from django.conf import settings

from imports.services import uploads
from imports.services.uploads import keep_upload
from kernel.errors import Invalid
from tenants.models import Tenant
from tenants.services import files

PLAIN = "email,name\nada@example.com,Zoë\n".encode()


def kept() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*.rows") if path.is_file()]


@pytest.mark.parametrize(
    "body",
    [
        PLAIN,
        gzip.compress(PLAIN),
        gzip.compress(PLAIN[:9]) + gzip.compress(PLAIN[9:]),
        b"\xef\xbb\xbf" + PLAIN,
        gzip.compress(b"\xef\xbb\xbf" + PLAIN),
    ],
    ids=["plain", "gzip", "two-members", "bom", "gzip-bom"],
)
def test_a_file_is_kept_unpacked_and_without_its_mark(tenant: Tenant, body: bytes) -> None:
    upload = keep_upload(BytesIO(body))
    assert files.locate(upload.path).read_bytes() == PLAIN
    assert (upload.size, upload.header) == (len(PLAIN), ["email", "name"])
    assert upload.samples == [["ada@example.com", "Zoë"]]
    files.delete_file(upload.path)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_other_encodings_become_utf_8(tenant: Tenant, encoding: str) -> None:
    upload = keep_upload(BytesIO(PLAIN.decode().encode(encoding)))
    assert files.locate(upload.path).read_bytes() == PLAIN
    assert upload.layout.encoding == encoding
    files.delete_file(upload.path)


def test_lines_of_old_macs_are_lines(tenant: Tenant) -> None:
    upload = keep_upload(BytesIO(b"email\rada@example.com\rbo@example.com\r"))
    assert upload.samples == [["ada@example.com"], ["bo@example.com"]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "empty"),
        (b"email\n", "no rows"),
        (b"email\n\x81\x8d\n", "no text"),
        (b"email\nZo\xc3", "damaged further on"),
        ("email\nZoë\n".encode() * 40_000 + b"\xeb\n", "damaged further on"),
        ("email\na\n".encode("utf-16")[:-1], "no text"),
        (gzip.compress(PLAIN)[:-6], "cannot be unpacked"),
        (b"\x1f\x8bnonsense", "cannot be unpacked"),
        (b"PK\x03\x04rest", "spreadsheet or a ZIP"),
    ],
    ids=[
        "empty",
        "no-rows",
        "no-text",
        "cut-letter",
        "mixed",
        "half-utf-16",
        "cut-gzip",
        "no-gzip",
        "zip",
    ],
)
def test_a_file_that_cannot_be_read_leaves_nothing(
    tenant: Tenant, body: bytes, reason: str
) -> None:
    before = kept()
    with pytest.raises(Invalid, match=reason):
        keep_upload(BytesIO(body))
    assert kept() == before


def test_a_file_that_unpacks_to_more_than_the_limit_leaves_nothing(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES", 1024)
    before = kept()
    with pytest.raises(Invalid, match="unpacked"):
        keep_upload(BytesIO(gzip.compress(b"email\n" + b"a@b.example\n" * 10_000)))
    assert kept() == before
