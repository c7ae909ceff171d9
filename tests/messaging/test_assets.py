"""Pictures: what is taken and what is not, how they are kept, and who shows them."""

import hashlib
import io
import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import GifImagePlugin, Image, ImageCms

from kernel.errors import Conflict, NotFound
from kernel.tenancy import tenant_scope
from messaging.domain.assets import MAX_BYTES, PictureInvalid, prepare_picture
from messaging.models import Asset, Template
from messaging.queries.assets import describe, find_users
from messaging.services import asset_files, assets
from messaging.services.assets import add_asset, describe_asset, remove_asset
from messaging.services.authoring import create_template, save_variant
from messaging.services.starters import draft_of
from tenants.models import AuditEntry, Tenant
from tests.factories.pictures import draw_moving, draw_picture, make_asset
from tests.factories.tenants import sign_in

PAGE = "/t/ada-soap/content/pictures/"
ACTOR = "ada@example.com"


@pytest.fixture(autouse=True)
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path)
    return tmp_path


def files_of(media: Path) -> list[str]:
    return sorted(path.name for path in media.rglob("*") if path.is_file())


def open_picture(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def bomb(side: int) -> bytes:
    """Return a PNG of some bytes that says it has very many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(5_000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"<svg xmlns='x'><script>alert(1)</script></svg>", "An SVG can carry script"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?><svg/>", "An SVG can carry script"),
        (b"GIF89a" + b"<script>alert(1)</script>", "The picture is broken"),
        (b"<html><script>alert(1)</script></html>", "no picture that is known"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"\0\0\0\x18ftypheic", "HEIC"),
        (b"", "no picture that is known"),
        (draw_picture("BMP", 10, 10), "BMP"),
        (draw_picture("TIFF", 10, 10), "TIFF"),
        (draw_picture()[:2_000], "The picture is broken"),
        (draw_picture("JPEG")[:4_000], "The picture is broken"),
        (draw_moving()[:-60], "The picture is broken"),
        (bomb(7_000), "40 million pixels"),
        (bomb(60_000), "40 million pixels"),
        (draw_picture(width=20_100, height=1), "side of more than 20,000"),
        (draw_moving(frames=301, width=2), "too long for a mail"),
        (draw_moving(width=1_201), "may be 1,200 pixels wide"),
        (draw_moving("WEBP"), "Save it as GIF"),
        (draw_moving("PNG"), "Save it as GIF"),
        (b"\x89PNG" + bytes(MAX_BYTES), "has 10.0 MB; it may have 10 MB"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_picture_for_mails_is_refused_with_words(content: bytes, words: str) -> None:
    with pytest.raises(PictureInvalid) as refusal:
        prepare_picture(content)
    assert words in refusal.value.detail
    assert refusal.value.fields == {"file": refusal.value.detail}


def grow(side: int) -> bytes:
    """Return a GIF of one pixel whose second frame says that it is very large."""
    colours = struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    pixels = b"\x02\x02\x44\x01\x00"  # one pixel, and the end
    frames = (b"," + struct.pack("<HHHHB", 0, 0, each, each, 0) + pixels for each in (1, side))
    return b"GIF89a" + colours + b"".join(frames) + b";"


@pytest.mark.parametrize(
    ("side", "words"), [(6_000, "A frame of this GIF is larger"), (13_000, "40 million pixels")]
)
def test_a_frame_beyond_its_picture_is_refused_before_it_is_unpacked(
    side: int, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unpacked: list[tuple[int, int]] = []
    load = GifImagePlugin.GifImageFile.load

    def watch(image: GifImagePlugin.GifImageFile) -> Any:
        unpacked.append(image.size)
        return load(image)

    monkeypatch.setattr(GifImagePlugin.GifImageFile, "load", watch)
    with pytest.raises(PictureInvalid) as refusal:
        prepare_picture(grow(side))
    assert words in refusal.value.detail
    assert set(unpacked) == {(1, 1)}


@pytest.mark.parametrize(
    ("content", "extension", "sizes"),
    [
        (
            draw_picture("PNG"),
            "png",
            {".png": (1200, 675), "-600.png": (600, 338), "-thumb.png": (320, 180)},
        ),
        (draw_picture("WEBP", 500, 400), "jpg", {".jpg": (500, 400), "-thumb.jpg": (320, 256)}),
        (draw_picture("GIF", 300, 30), "png", {".png": (300, 30), "-thumb.png": (300, 30)}),
        (draw_picture("JPEG", 300, 900), "jpg", {".jpg": (300, 900), "-thumb.jpg": (107, 320)}),
        (draw_moving(), "gif", {".gif": (400, 100), "-thumb.png": (320, 80)}),
    ],
    ids=["png", "webp", "gif", "jpeg", "moving"],
)
def test_a_picture_gets_the_sizes_that_mails_show(
    content: bytes, extension: str, sizes: dict[str, tuple[int, int]]
) -> None:
    made = prepare_picture(content)
    assert made.extension == extension
    assert {ending: open_picture(body).size for ending, body in made.files.items()} == sizes


def test_a_photo_becomes_a_jpeg_and_what_is_seen_through_stays_a_png() -> None:
    grains = Image.frombytes("RGB", (300, 200), hashlib.shake_128(b"grains").digest(180_000))
    clear = Image.new("RGBA", (300, 200), (200, 0, 0, 90))
    for image, extension in ((grains, "jpg"), (clear, "png")):
        output = io.BytesIO()
        image.save(output, "PNG")
        assert prepare_picture(output.getvalue()).extension == extension
    output = io.BytesIO()
    clear.save(output, "WEBP", lossless=True)
    made = open_picture(prepare_picture(output.getvalue()).files[".png"])
    assert made.getpixel((5, 5)) == (200, 0, 0, 90)


def test_nothing_but_pixels_is_left_and_they_stand_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter
    exif[0x010F] = "Camera of Ada"
    exif.get_ifd(0x8825)[1] = "N"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    told: dict[str, Any] = {"exif": exif, "icc_profile": profile, "comment": b"secret words"}
    content = draw_picture("JPEG", 900, 300, **told)
    assert b"Camera of Ada" in content
    for body in prepare_picture(content).files.values():
        image = open_picture(body)
        assert image.height > image.width
        assert (dict(image.getexif()), image.info.get("icc_profile")) == ({}, None)
        assert b"Ada" not in body
        assert b"secret" not in body


def test_a_picture_that_moves_still_does_without_what_stood_in_it() -> None:
    content = draw_moving(comment=b"secret words") + b"<script>alert(1)</script>"
    made = prepare_picture(content).files[".gif"]
    image = open_picture(made)
    frames = getattr(image, "n_frames", 1)
    assert (frames, image.info["duration"], image.info["loop"]) == (3, 120, 0)
    assert b"secret" not in made
    assert made.endswith(b"\x3b")


def test_a_picture_is_kept_once_with_its_words(tenant: Tenant, media: Path) -> None:
    taken = add_asset(draw_picture(), "C:\\shop\\So\x00ap  one.png", alt=" A  bar ", actor=ACTOR)
    again = add_asset(draw_picture(), "other.png", actor=ACTOR)
    assert (again.asset.pk, again.is_new, Asset.objects.count()) == (taken.asset.pk, False, 1)
    assert (taken.asset.name, taken.asset.alt) == ("Soap one.png", "A bar")
    assert (taken.asset.width, taken.asset.height) == (1200, 675)
    key = taken.asset.key
    assert files_of(media) == sorted([f"{key}.png", f"{key}-600.png", f"{key}-thumb.png"])
    assert [entry.action for entry in AuditEntry.objects.all()] == ["asset.added"]


def test_another_merchant_with_the_same_picture_has_its_own(
    tenant: Tenant, other_tenant: Tenant, media: Path
) -> None:
    ours = add_asset(draw_picture(), "soap.png", actor=ACTOR).asset
    with tenant_scope(other_tenant.pk):
        theirs = add_asset(draw_picture(), "soap.png", actor=ACTOR)
        assert theirs.is_new
        assert theirs.asset.key != ours.key
        remove_asset(theirs.asset.pk, actor=ACTOR)
    assert Asset.objects.count() == 1
    assert len(files_of(media)) == 3


def test_what_is_refused_leaves_nothing_behind(
    tenant: Tenant, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PictureInvalid):
        add_asset(b"<svg/>", "logo.png", actor=ACTOR)

    def break_off(*_: object, **__: object) -> None:
        raise RuntimeError("broke off")

    monkeypatch.setattr(assets, "_insert", break_off)
    with pytest.raises(RuntimeError):
        add_asset(draw_picture(), "soap.png", actor=ACTOR)
    assert (Asset.objects.count(), files_of(media)) == (0, [])


def test_everybody_with_the_address_gets_a_picture_and_nothing_else(
    tenant: Tenant, client: Client, media: Path
) -> None:
    row = describe(add_asset(draw_picture(), "soap.png", actor=ACTOR).asset)
    for path in (row.path, row.thumb):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/png")
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert "Set-Cookie" not in answer.headers
    assert row.url == f"{settings.PUBLIC_URL}{row.path}"
    (media / str(tenant.pk) / "pictures" / "secret.txt").write_text("secret")
    for name in ("secret.txt", "..%2Fpictures%2Fsecret.txt", f"{'a' * 32}.png", f"{'a' * 32}.svg"):
        assert client.get(f"/pictures/{tenant.pk}/{name}").status_code == 404
    assert client.get(row.path.replace(f"/{tenant.pk}/", "/999999/")).status_code == 404


def test_a_picture_that_a_template_shows_stays(tenant: Tenant, media: Path) -> None:
    shown = add_asset(draw_picture(), "soap.png", actor=ACTOR).asset
    spoken = add_asset(draw_picture("JPEG"), "seife.png", actor=ACTOR).asset
    picture = f'<mj-image src="{describe(shown).url}" alt="Soap"></mj-image>'
    draft = draft_of("blank", name="Spring", channel="email", message_class="promotional")
    made = create_template(draft, actor=ACTOR)
    Template.objects.filter(pk=made.pk).update(mjml=made.mjml.replace("<mj-text>", picture, 1))
    german = draft_of("blank", name="Spring", channel="email", message_class="promotional")
    save_variant(made.pk, "de", german, actor=ACTOR)
    made.variants.update(mjml=f"{german.mjml}<!-- {describe(spoken).url} -->")
    assert find_users([shown.key, spoken.key]) == {
        shown.key: [(made.pk, "Spring")],
        spoken.key: [(made.pk, "Spring")],
    }
    for asset in (shown, spoken):
        with pytest.raises(Conflict, match=r"It is shown by Spring\. Take it out there first"):
            remove_asset(asset.pk, actor=ACTOR)
    assert (Asset.objects.filter(removed_at=None).count(), len(files_of(media))) == (2, 6)
    Template.objects.filter(pk=made.pk).update(mjml=draft.mjml)
    assert remove_asset(shown.pk, actor=ACTOR) == "soap.png"
    assert (Asset.objects.count(), len(files_of(media))) == (1, 3)
    with pytest.raises(NotFound):
        describe_asset(shown.pk, "soap", "", actor=ACTOR)


def test_a_removal_that_broke_off_is_finished_by_the_next_upload(
    tenant: Tenant, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset = add_asset(draw_picture(), "soap.png", actor=ACTOR).asset
    monkeypatch.setattr(assets, "delete_files", lambda names: False)
    remove_asset(asset.pk, actor=ACTOR)
    assert (Asset.objects.filter(removed_at=None).count(), Asset.objects.count()) == (0, 1)
    monkeypatch.undo()
    monkeypatch.setattr(settings, "MEDIA_ROOT", media)
    again = add_asset(draw_picture(), "soap.png", actor=ACTOR)
    assert (again.is_new, Asset.objects.count(), len(files_of(media))) == (True, 1, 3)


def test_files_are_uploaded_from_the_page_with_what_is_wrong_of_each(
    tenant: Tenant, media: Path
) -> None:
    client = sign_in(tenant)
    good = SimpleUploadedFile("soap.png", draw_picture(), content_type="text/plain")
    bad = SimpleUploadedFile("logo.png", b"<svg/>", content_type="image/png")
    answer = client.post(f"{PAGE}upload/", {"file": [good, bad]}, follow=True)
    assert "1 picture uploaded." in answer.content.decode()
    assert "logo.png: An SVG can carry script" in answer.content.decode()
    one = SimpleUploadedFile("soap.png", draw_picture())
    told = client.post(f"{PAGE}upload/", {"file": one}, headers={"Accept": "application/json"})
    assert (told.status_code, told.json()["is_new"]) == (200, False)
    large = SimpleUploadedFile("large.png", bytes(MAX_BYTES + 1))
    told = client.post(f"{PAGE}upload/", {"file": large}, headers={"Accept": "application/json"})
    assert "it may have 10 MB" in told.json()["refused"]
    found = client.get(f"{PAGE}choose/?q=SOAP").json()
    assert ([each["name"] for each in found["pictures"]], found["next"]) == (["soap.png"], None)


def test_the_grid_has_pages_a_search_and_words_for_nothing(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "No pictures yet" in client.get(PAGE).content.decode()
    for number in range(25):
        make_asset(f"soap-{number}.jpg")
    first = client.get(PAGE).content.decode()
    assert "24 of 25 pictures" in first
    assert "soap-0.jpg" not in first
    mark = client.get(f"{PAGE}choose/").json()["next"]
    assert "soap-0.jpg" in client.get(PAGE, {"after": mark}).content.decode()
    assert "No picture matches" in client.get(PAGE, {"q": "nothing"}).content.decode()


def test_the_place_of_the_files_may_be_away(
    tenant: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("kernel.storage.MediaFolder.save", away)
    monkeypatch.setattr("kernel.storage.MediaFolder.open", away)
    signed_in = sign_in(tenant)
    file = SimpleUploadedFile("soap.png", draw_picture())
    told = signed_in.post(f"{PAGE}upload/", {"file": file}, headers={"Accept": "application/json"})
    assert "does not answer" in told.json()["refused"]
    assert Asset.objects.count() == 0
    answer = client.get(f"/pictures/{tenant.pk}/{'a' * 32}.png")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (503, "no-store")
    assert asset_files.is_file_name(f"{'a' * 32}-600.jpg")
