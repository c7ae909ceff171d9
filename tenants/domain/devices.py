"""Names for the programs that people sign in with, out of what they say of themselves."""

from typing import Final

UNKNOWN: Final = "an unknown program"
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS", "Firefox"),
    ("CriOS", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
    ("curl/", "curl"),
    ("python", "a Python program"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "Mac"),
    ("CrOS", "Chromebook"),
    ("Linux", "Linux"),
)
"""The first word that is found wins: many programs also name those they resemble."""


def name_device(agent: str) -> str:
    """Return such as ``Firefox on Windows`` for a User-Agent header."""
    browser = next((name for word, name in _BROWSERS if word in agent), "")
    system = next((name for word, name in _SYSTEMS if word in agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or UNKNOWN


def is_phone(agent: str) -> bool:
    """Say whether it is held in the hand."""
    return any(word in agent for word in ("iPhone", "iPad", "Android", "Mobile"))
