"""Makes of an uploaded picture what mails show: checked, upright, sized, and nothing else in it.

What a picture is, its bytes say. It is measured before it is unpacked, and everything but the
pixels is left behind: places, cameras, names, comments.
"""

import io
import warnings
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, ImageOps, ImageSequence

from kernel.errors import Invalid
from messaging.domain.gifs import strip_gif

MAX_BYTES: Final = 10 * 1024 * 1024
MAX_PIXELS: Final = 40_000_000
MAX_SIDE: Final = 20_000
MAX_MOVING: Final = 80_000_000
"""Pixels of all frames of a picture that moves."""
MAX_FRAMES: Final = 300
FULL, HALF, THUMB = 1200, 600, 320
"""The widest file, the one for a column, and the box of the small one; pixels."""
MOVING: Final = "gif"
_QUALITY: Final = 85
_KINDS: Final = ("JPEG", "PNG", "GIF", "WEBP")
_BROKEN: Final = "The picture is broken: it cannot be read to its end."
_OTHERS: Final = (
    (b"<svg", "An SVG can carry script, so it is not taken. Save it as PNG."),
    (b"<?xml", "An SVG can carry script, so it is not taken. Save it as PNG."),
    (b"<!doctype svg", "An SVG can carry script, so it is not taken. Save it as PNG."),
    (b"<!--", "An SVG can carry script, so it is not taken. Save it as PNG."),
    (b"%pdf", "This is a PDF. Save the page as PNG or JPEG."),
    (b"bm", "Mail programs do not show BMP. Save it as PNG."),
    (b"ii*\0", "Mail programs do not show TIFF. Save it as JPEG."),
    (b"mm\0*", "Mail programs do not show TIFF. Save it as JPEG."),
)
# Pillow refuses what has more than twice this, also a picture that grows with one of its frames.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS // 2


class PictureInvalid(Invalid):
    """A file that is no picture for mails; its words say what to do."""

    code = "picture_invalid"

    def __init__(self, detail: str) -> None:
        super().__init__(detail, fields={"file": detail})


@dataclass(frozen=True, slots=True)
class Prepared:
    """A picture ready to be stored.

    Attributes:
        extension: of its files but for the small one of a picture that moves.
        width, height: of the largest file, pixels.
        files: content by what its name ends in, such as ``-600.jpg``.
    """

    extension: str
    width: int
    height: int
    files: dict[str, bytes]


def file_names(key: str, extension: str, width: int) -> list[str]:
    """Return the files of a picture: the largest one, the small one, and one for columns."""
    if extension == MOVING:
        return [f"{key}.{MOVING}", f"{key}-thumb.png"]
    half = [f"{key}-{HALF}.{extension}"] if width > HALF else []
    return [f"{key}.{extension}", *half, f"{key}-thumb.{extension}"]


def check_size(size_bytes: int) -> None:
    """Refuse a file that is too large, before it is read.

    Raises:
        PictureInvalid: it is.
    """
    if size_bytes > MAX_BYTES:
        raise PictureInvalid(
            f"The picture has {size_bytes / 1024 / 1024:.1f} MB; it may have "
            f"{MAX_BYTES // 1024 // 1024} MB. Make it smaller and upload it again."
        )


def prepare_picture(content: bytes) -> Prepared:
    """Return a picture as it is stored.

    Raises:
        PictureInvalid: it is no JPEG, PNG, GIF or WebP, is broken, or is too large.
    """
    check_size(len(content))
    _refuse_others(content)
    try:
        with warnings.catch_warnings():
            # Pillow warns of many pixels; what is allowed is counted here.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _prepare(content)
    except Image.DecompressionBombError as exc:
        raise _too_many() from exc
    except (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError) as exc:
        raise PictureInvalid(_BROKEN) from exc


def _prepare(content: bytes) -> Prepared:
    with Image.open(io.BytesIO(content), formats=_KINDS) as image:
        if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
            raise _too_many()
        frames = int(getattr(image, "n_frames", 1))
        if frames > 1 and image.format == "GIF":
            return _prepare_moving(content, image, frames)
        if frames > 1 and image.format != "JPEG":
            raise PictureInvalid("This picture moves, and mails move GIFs alone. Save it as GIF.")
        if image.format == "JPEG":
            # Unpacked at no more than it is needed; half as large, a quarter, an eighth.
            image.draft("RGB", (FULL, FULL))
        return _prepare_still(_flatten(image), is_photo=image.format == "JPEG")


def _prepare_still(image: Image.Image, *, is_photo: bool) -> Prepared:
    full = _fit(image, FULL, None)
    extension, body = ("jpg", _write(full, "jpg")) if is_photo else _choose(full)
    files = {f".{extension}": body}
    if full.width > HALF:
        files[f"-{HALF}.{extension}"] = _write(_fit(full, HALF, None), extension)
    files[f"-thumb.{extension}"] = _write(_fit(full, THUMB, THUMB), extension)
    return Prepared(extension, full.width, full.height, files)


def _prepare_moving(content: bytes, image: Image.Image, frames: int) -> Prepared:
    """Keep a picture that moves as it is, without what is no picture in it."""
    if frames > MAX_FRAMES or frames * image.width * image.height > MAX_MOVING:
        raise PictureInvalid("This GIF is too long for a mail. Take out frames or make it smaller.")
    if image.width > FULL:
        raise PictureInvalid(f"A GIF that moves may be {FULL:,} pixels wide. Make it smaller.")
    _unpack_frames(image)
    image.seek(0)
    small = _write(_fit(image.convert("RGBA"), THUMB, THUMB), "png")
    size = image.size
    return Prepared(MOVING, *size, {f".{MOVING}": strip_gif(content), "-thumb.png": small})


def _unpack_frames(image: Image.Image) -> None:
    """Read every frame to its end; one beyond the picture is refused before it is unpacked.

    Raises:
        PictureInvalid: a frame lies beyond the picture, which grew for it when it was reached.
    """
    size = image.size
    for frame in ImageSequence.Iterator(image):
        if frame.size != size:
            raise PictureInvalid("A frame of this GIF is larger than the GIF. Save it anew.")
        frame.load()


def _flatten(image: Image.Image) -> Image.Image:
    """Return the pixels alone, upright, in the colours of screens."""
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    if profile and upright.mode in ("RGB", "CMYK", "L"):
        upright = _to_screen(upright, profile)
    flat = upright.convert("RGBA" if has_alpha else "RGB")
    flat.info.clear()
    return flat


def _to_screen(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        theirs = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        turned = ImageCms.profileToProfile(
            image, theirs, ImageCms.createProfile("sRGB"), outputMode="RGB"
        )
    except (ImageCms.PyCMSError, OSError, ValueError):
        return image  # a profile that fits nothing: the colours as they stand
    return turned or image


def _fit(image: Image.Image, width: int, height: int | None) -> Image.Image:
    """Return a picture no wider and no higher than it may be; a small one stays as it is."""
    scale = min(1.0, width / image.width, (height / image.height) if height else 1.0)
    if scale == 1.0:
        return image
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.LANCZOS)


def _choose(image: Image.Image) -> tuple[str, bytes]:
    """Return a picture as PNG where that keeps its edges at a fair size, else as JPEG."""
    plain = _write(image, "png")
    if image.mode == "RGBA":
        return "png", plain
    photo = _write(image, "jpg")
    return ("jpg", photo) if len(photo) < len(plain) else ("png", plain)


def _write(image: Image.Image, extension: str) -> bytes:
    output = io.BytesIO()
    if extension == "png":
        image.save(output, "PNG", optimize=True)
    else:
        image.save(output, "JPEG", quality=_QUALITY, optimize=True, progressive=True)
    return output.getvalue()


def _refuse_others(content: bytes) -> None:
    head = content[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if content[4:8] == b"ftyp":
        raise PictureInvalid("Mail programs do not show HEIC and AVIF. Save it as JPEG.")
    for beginning, words in _OTHERS:
        if head.startswith(beginning):
            raise PictureInvalid(words)
    known = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a")
    is_webp = content[:4] == b"RIFF" and content[8:12] == b"WEBP"
    if not (content.startswith(known) or is_webp):
        raise PictureInvalid("This is no picture that is known. Save it as JPEG, PNG, GIF or WebP.")


def _too_many() -> PictureInvalid:
    return PictureInvalid(
        f"The picture has more than {MAX_PIXELS // 1_000_000} million pixels, or a side of more "
        f"than {MAX_SIDE:,}. Make it smaller."
    )
