"""Colours that can be read: contrast as WCAG 2 measures it, and shades that reach it."""

import re
from typing import Final

ENOUGH: Final = 4.5
"""Contrast that ordinary text needs against its background (WCAG 2, level AA)."""
WHITE: Final = "#ffffff"
BLACK: Final = "#111111"
NIGHT: Final = "#1a2223"
"""The sheet of a mail in the dark."""
_HEX = re.compile(r"#[0-9a-f]{6}")
_STEPS: Final = 20


def is_colour(text: str) -> bool:
    """Say whether a text is a colour such as ``#0f5c5c``."""
    return _HEX.fullmatch(text) is not None


def contrast(first: str, second: str) -> float:
    """Return how well one colour reads on the other, 1 to 21.

    Source: WCAG 2.2, relative luminance and contrast ratio.
    """
    light, dark = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def text_on(background: str) -> str:
    """Return white or black, whichever reads better on a colour; white where both do."""
    if contrast(WHITE, background) >= ENOUGH:
        return WHITE
    return max(WHITE, BLACK, key=lambda text: contrast(text, background))


def readable_on(background: str, colour: str) -> str:
    """Return the colour, or the nearest shade of it that reads on a background."""
    goal = BLACK if _luminance(background) > 0.5 else WHITE  # noqa: PLR2004 the middle
    for step in range(_STEPS + 1):
        shade = _mix(colour, goal, step / _STEPS)
        if contrast(shade, background) >= ENOUGH:
            return shade
    return goal


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4  # noqa: PLR2004


def _mix(colour: str, goal: str, share: float) -> str:
    mixed = (
        round(part + (target - part) * share)
        for part, target in zip(_parts(colour), _parts(goal), strict=True)
    )
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
