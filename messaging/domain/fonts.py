"""Typefaces of a brand: those that readers have, since mails load none from elsewhere."""

from typing import Final

PLAIN: Final = "plain"
FONT: Final = "{{ brand.font }}"
"""As templates name it."""
STACKS: Final[dict[str, tuple[str, str]]] = {
    PLAIN: (
        "Plain, as the reader's device writes",
        "-apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif",
    ),
    "arial": ("Arial", "Arial, Helvetica, sans-serif"),
    "verdana": ("Verdana", "Verdana, Geneva, sans-serif"),
    "trebuchet": ("Trebuchet", "'Trebuchet MS', 'Lucida Grande', Tahoma, sans-serif"),
    "georgia": ("Georgia", "Georgia, Cambria, 'Times New Roman', serif"),
    "times": ("Times", "'Times New Roman', Times, serif"),
    "courier": ("Courier", "'Courier New', Courier, monospace"),
}
"""By key: what people call it, and the typefaces, tried in turn."""


def stack_of(key: str) -> str:
    """Return what ``font-family`` says; of an unknown key that of `PLAIN`."""
    return STACKS.get(key, STACKS[PLAIN])[1]
