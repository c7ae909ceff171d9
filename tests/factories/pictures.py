"""Pictures that are drawn here, and rows of some without files."""

import io

from PIL import Image, ImageDraw

from kernel.secrets import new_token
from messaging.models import Asset


def draw(width: int = 1600, height: int = 900) -> Image.Image:
    """Draw bars of colours, which a photo and a drawing both could be."""
    image = Image.new("RGB", (width, height), "#f2e6d0")
    pen = ImageDraw.Draw(image)
    for place, colour in enumerate(("#aa3300", "#0f5c5c", "#e0b13c")):
        left = width * (place * 3 + 1) // 10
        pen.rectangle((left, height // 5, left + width // 5, height * 4 // 5), fill=colour)
    return image


def draw_picture(kind: str = "PNG", width: int = 1600, height: int = 900, **how: object) -> bytes:
    """Return a picture as a file of some kind."""
    output = io.BytesIO()
    draw(width, height).save(output, kind, **how)
    return output.getvalue()


def draw_moving(kind: str = "GIF", width: int = 400, frames: int = 3, **how: object) -> bytes:
    """Return a picture that moves, a frame of another colour after the other."""
    output = io.BytesIO()
    first, *others = (
        Image.new("RGB", (width, 100), (frame * 37 % 256, frame * 11 % 256, 60))
        for frame in range(frames)
    )
    first.save(output, kind, save_all=True, append_images=others, duration=120, loop=0, **how)
    return output.getvalue()


def make_asset(name: str = "soap.jpg", **values: object) -> Asset:
    """Create a picture whose files are nowhere."""
    told = {
        "key": new_token(),
        "digest": new_token(),
        "extension": "jpg",
        "width": 1200,
        "height": 800,
        "size_bytes": 90_000,
        **values,
    }
    return Asset.objects.create(name=name, **told)
