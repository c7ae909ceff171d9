"""What may be a tag. Pure."""

from collections.abc import Iterable

MAX_LENGTH = 60
MAX_AT_ONCE = 20


def clean_tag(text: str) -> str:
    """Return a tag as it is kept: one line, no blanks around it; empty where nothing is left."""
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split())[:MAX_LENGTH].strip()


def clean_tags(texts: Iterable[str]) -> list[str]:
    """Return tags as they are kept, sorted, each once; at most `MAX_AT_ONCE`."""
    return sorted({tag for text in texts if (tag := clean_tag(text))})[:MAX_AT_ONCE]
