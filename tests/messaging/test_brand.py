"""The brand: what is refused, what mails and pages wear, and who may change it."""

import html
import re
import struct
import zlib
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from kernel.tenancy import tenant_scope
from messaging.domain.colours import ENOUGH, NIGHT, WHITE, contrast, readable_on, text_on
from messaging.domain.fonts import PLAIN, stack_of
from messaging.domain.pictures import MAX_BYTES, read_picture
from messaging.errors import BrandInvalid
from messaging.models import Brand, Template
from messaging.queries.brand import look_of_brand
from messaging.services import tokens
from messaging.services.brand import BrandData, update_brand
from messaging.types import RecipientToken
from tenants.models import AuditEntry, Tenant
from tests.factories.messaging import make_template
from tests.factories.samples import make_profile
from tests.factories.tenants import sign_in

BRAND = "/t/ada-soap/settings/brand/"
FIELDS = {"accent": "#aa3300", "postal_address": "1 Soap Lane\nLondon", "website": ""}
colours = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def png(width: int = 400, height: int = 100, *, tail: bytes = b"") -> bytes:
    """Return a picture that is whole, with as much pixel data as nobody looks at."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(b"0")) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts + tail


def jpeg(width: int = 400, height: int = 100) -> bytes:
    frame = struct.pack(">BHHB", 8, height, width, 3) + bytes(9)
    scan = struct.pack(">H", 2)
    parts = b"\xff\xe0" + struct.pack(">H", 4) + b"ab" + b"\xff\xc0" + struct.pack(">H", 17) + frame
    return b"\xff\xd8" + parts + b"\xff\xda" + scan + b"pixels\xff\xd9"


def upload(content: bytes, name: str = "logo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


@given(colours, colours)
def test_contrast_is_the_same_both_ways_and_within_its_range(first: str, second: str) -> None:
    assert contrast(first, second) == contrast(second, first)
    assert 1 <= contrast(first, second) <= 21.0001


@given(colours)
def test_every_accent_ends_in_colours_that_can_be_read(accent: str) -> None:
    assert contrast(text_on(accent), accent) >= 4
    assert contrast(readable_on(WHITE, accent), WHITE) >= ENOUGH
    assert contrast(readable_on(NIGHT, accent), NIGHT) >= ENOUGH


def test_a_picture_is_known_by_its_bytes() -> None:
    assert read_picture(png(300, 80)).extension == "png"
    found = read_picture(jpeg(640, 120))
    assert (found.extension, found.width, found.height) == ("jpg", 640, 120)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "script"),
        (b"<?xml version='1.0'?><svg/>", "script"),
        (b"GIF89a", "mail program"),
        (b"RIFF....WEBPVP8 ", "mail program"),
        (b"<html>", "no picture"),
        (b"", "no picture"),
        (png()[:40], "ends too early"),
        (png(tail=b"<script>alert(1)</script>"), "does not end"),
        (png().replace(b"IDAT", b"IDAX"), "check sum"),
        (jpeg()[:-2], "does not end"),
        (png(3_000, 10), "2,000 pixels"),
        (png(0, 10), "2,000 pixels"),
        (b"\x89PNG\r\n\x1a\n" + bytes(MAX_BYTES), "512 KB"),
    ],
)
def test_other_pictures_are_refused_with_words(content: bytes, words: str) -> None:
    with pytest.raises(BrandInvalid, match=words):
        read_picture(content)


def test_the_brand_is_saved_recorded_and_its_logo_served_safely(
    tenant: Tenant, client: Client
) -> None:
    owner = sign_in(tenant)
    page = owner.post(BRAND, {**FIELDS, "instagram": "instagram.com/ada", "logo": upload(png())})
    assert page.headers["Location"] == BRAND
    look = look_of_brand()
    assert (look.accent, look.on_accent, look.logo_width, look.logo_height) == (
        "#aa3300",
        "#ffffff",
        192,
        48,
    )
    assert look.links == [{"name": "Instagram", "url": "https://instagram.com/ada"}]
    assert AuditEntry.objects.get().action == "brand.changed"

    answer = client.get(look.logo_url.removeprefix(settings.PUBLIC_URL))
    assert answer.content == png()
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"


def test_a_refused_logo_changes_nothing(tenant: Tenant, media: Path) -> None:
    page = sign_in(tenant).post(BRAND, {**FIELDS, "logo": upload(b"<svg/>")})
    assert page.status_code == 422
    assert "An SVG can carry script" in page.content.decode()
    assert not Brand.objects.exists()
    assert not list(media.rglob("*.*"))


def test_a_bad_colour_changes_nothing(tenant: Tenant) -> None:
    page = sign_in(tenant).post(BRAND, {**FIELDS, "accent": "red;}"})
    assert page.status_code == 422
    assert not Brand.objects.exists()


def test_mails_wear_the_typeface_and_no_other_is_taken(tenant: Tenant) -> None:
    owner = sign_in(tenant)
    older = make_template()
    Template.objects.update(html=f'<p style="font-family:{stack_of(PLAIN)};">')
    assert "Segoe UI" in owner.get(f"{BRAND}preview/").content.decode()
    owner.post(BRAND, {**FIELDS, "font": "georgia"})
    mail = owner.get(f"{BRAND}preview/").content.decode()
    families = set(re.findall("font-family: ?([^;]+);", html.unescape(mail)))
    assert families == {"Georgia, Cambria, 'Times New Roman', serif"}
    older.refresh_from_db()
    assert older.html == '<p style="font-family:{{ brand.font }};">'
    page = owner.post(BRAND, {**FIELDS, "font": "comic; color: red"})
    assert page.status_code == 422
    assert Brand.objects.get().font == "georgia"


@pytest.mark.parametrize("name", ["..%2f..%2fsecret.png", "x.png", "a" * 32 + ".svg"])
def test_no_other_file_can_be_asked_for(tenant: Tenant, client: Client, name: str) -> None:
    assert client.get(f"/brand/{tenant.pk}/{name}").status_code == 404


def test_the_preview_shows_what_the_form_says_and_saves_nothing(tenant: Tenant) -> None:
    script = "<script>alert(1)</script>"
    asked = {"accent": "#ffee00", "postal_address": f"1 Soap Lane{script}"}
    page = sign_in(tenant).get(f"{BRAND}preview/", asked)
    text = page.content.decode()
    assert "#ffee00" in text
    assert "1 Soap Lane" in text
    assert script not in text
    assert "sandbox" in page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
    assert not Brand.objects.exists()


def test_a_pale_colour_is_warned_of(tenant: Tenant) -> None:
    owner = sign_in(tenant)
    pale = owner.get(f"{BRAND}contrast/", {"accent": "#ffee00"}).content.decode()
    deep = owner.get(f"{BRAND}contrast/", {"accent": "#0f5c5c"}).content.decode()
    assert "Hard to read" in pale
    assert "Reads well" in deep


def test_pages_of_recipients_wear_the_brand(
    tenant: Tenant, other_tenant: Tenant, client: Client
) -> None:
    data = BrandData(accent="#aa3300", postal_address="1 Soap Lane", support_email="hi@soap.test")
    update_brand(data, logo=png(), actor="ada@example.com")
    path = tokens.unsubscribe_url(RecipientToken(tenant.pk, make_profile().pk, 1))
    text = client.get(path.removeprefix(settings.PUBLIC_URL)).content.decode()
    assert "1 Soap Lane" in text
    assert "hi@soap.test" in text
    assert f"/brand/{tenant.pk}/" in text
    theme = client.get(path.replace("/u/", "/p/").removeprefix(settings.PUBLIC_URL) + "/theme.css")
    assert "--accent-strong:#aa3300" in theme.content.decode()
    with tenant_scope(other_tenant.pk):
        assert look_of_brand().accent == "#0f5c5c"


def test_a_removed_logo_is_still_there_for_mails_that_were_sent(
    tenant: Tenant, client: Client
) -> None:
    update_brand(BrandData(accent="#aa3300"), logo=png(), actor="ada@example.com")
    address = look_of_brand().logo_url.removeprefix(settings.PUBLIC_URL)
    sign_in(tenant).post(f"{BRAND}logo/remove/")
    assert look_of_brand().logo_url == ""
    assert client.get(address).status_code == 200
