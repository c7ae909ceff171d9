"""The reasons of a refused body, by field."""

from typing import Any


def flatten(detail: Any, path: str = "") -> dict[str, str]:
    """Return one line per field, with dots and numbers for what is nested."""
    if isinstance(detail, dict):
        parts = [flatten(value, _join(path, str(name))) for name, value in detail.items()]
        return {name: text for part in parts for name, text in part.items()}
    if isinstance(detail, list) and any(isinstance(item, dict | list) for item in detail):
        parts = [flatten(value, _join(path, str(place))) for place, value in enumerate(detail)]
        return {name: text for part in parts for name, text in part.items()}
    text = " ".join(str(item) for item in detail) if isinstance(detail, list) else str(detail)
    return {path or "request": text} if text else {}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
