"""Careful reading of foreign JSON: every getter either returns a clean value or says what is wrong.

Text comes out without NUL and lone surrogates, which PostgreSQL cannot store; money and times are
never guessed.
"""

import functools
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, NoReturn

from kernel.money import MoneyError, is_currency, to_minor
from stores.errors import Untranslatable

Json = Mapping[str, Any]
LARGEST = 2**63 - 1
MAX_SHOWN = 60
BROKEN_ESCAPES = (b"\\u0000", b"\\ud", b"\\uD")
_BLANK = re.compile(r"[ \t\n\r]*")


def read_object(body: bytes) -> Json:
    """Parse a body that must be one JSON object; numbers with a point become exact decimals.

    Raises:
        Untranslatable: it is not JSON, or not an object.
    """
    try:
        value = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as exc:
        raise Untranslatable(f"The body is not valid JSON: {_short(exc)}") from exc
    if not isinstance(value, dict):
        raise Untranslatable("The body is not a JSON object")
    if any(escape in body for escape in BROKEN_ESCAPES):
        return {str(name): _clean(inner) for name, inner in value.items()}
    return value


def read_pieces(body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """Parse a list of objects in one pass, each as `read_object` would parse it alone.

    Returns:
        Each object with the text that it stood in.

    Raises:
        ValueError: it is not JSON, or not a list of objects; too deep, and it is `RecursionError`.
    """
    whole_text = body.decode(json.detect_encoding(body), "surrogatepass")
    is_broken = any(escape.decode() in whole_text for escape in BROKEN_ESCAPES)
    found: list[tuple[dict[str, Any], bytes]] = []
    place, sign = _pass_sign(whole_text, 0, "[")
    if whole_text.startswith("]", place):
        place, sign = _pass_sign(whole_text, place, "]")
    while sign != "]":
        value, end = _PIECES.raw_decode(whole_text, place)
        if not isinstance(value, dict):
            raise ValueError("not a list of objects")  # noqa: TRY004 the JSON is to blame
        piece = whole_text[place:end].encode("utf-8", "replace")
        found.append((_clean(value) if is_broken else value, piece))
        place, sign = _pass_sign(whole_text, end, ",]")
    if place != len(whole_text):
        raise ValueError("something follows the list")
    return found


def _pass_sign(text: str, place: int, signs: str) -> tuple[int, str]:
    """Return the place behind a sign and the blanks around it, and which one it was."""
    place = _end_of_blanks(text, place)
    sign = text[place : place + 1]
    if not sign or sign not in signs:
        raise ValueError(f"no {signs} at {place}")
    return _end_of_blanks(text, place + 1), sign


def _end_of_blanks(text: str, place: int) -> int:
    found = _BLANK.match(text, place)
    return found.end() if found else place


def text(payload: Json, name: str) -> str:
    """Return a value as stripped text; missing, null and structures are empty."""
    value = payload.get(name)
    if value.__class__ is str:
        return value.strip()
    if value is None or isinstance(value, dict | list | bool):
        return ""
    return str(value).strip()


def child(payload: Json, name: str) -> Json:
    """Return an object inside; empty when it is missing or something else."""
    value = payload.get(name)
    return value if isinstance(value, dict) else {}


def children(payload: Json, name: str) -> list[Json]:
    """Return the objects of a list inside; anything else in it is passed over."""
    value = payload.get(name)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def identifier(payload: Json, name: str = "id") -> str:
    """Return an id that must be there, 64 bits exact.

    Raises:
        Untranslatable: it is missing or not a plain id.
    """
    found = text(payload, name)
    if not found or isinstance(payload.get(name), Decimal):
        raise Untranslatable(f"{name} is missing")
    return found


def words(payload: Json, name: str) -> list[str]:
    """Return tags: a list, or text with commas."""
    value = payload.get(name)
    parts = value if isinstance(value, list) else text(payload, name).split(",")
    return [part.strip() for part in parts if isinstance(part, str) and part.strip()]


def whole(payload: Json, name: str) -> int:
    """Return a whole number; missing is 0.

    Raises:
        Untranslatable: it is something else, or too large.
    """
    found = text(payload, name)
    if not found:
        return 0
    try:
        value = Decimal(found)
        number = int(value)
    except (ArithmeticError, ValueError) as exc:
        raise Untranslatable(f"{name} is {_short(found)!r}, not a whole number") from exc
    if number != value or abs(number) > 2**31 - 1:
        raise Untranslatable(f"{name} is {_short(found)!r}, not a whole number")
    return number


def currency(payload: Json, name: str, default: str = "") -> str:
    """Return a currency code in capitals.

    Raises:
        Untranslatable: it is no currency of ISO 4217.
    """
    found = text(payload, name).upper() or default
    if not is_currency(found):
        raise Untranslatable(f"{name} is {_short(found)!r}, which is not a known currency")
    return found


def money(payload: Json, name: str, code: str, *, required: bool = False) -> int:
    """Return an amount in minor units of ``code``; missing is 0.

    Raises:
        Untranslatable: it is missing though required, or not a plain decimal ("12,50").
    """
    found = text(payload, name)
    if not found:
        if required:
            raise Untranslatable(f"{name} is missing")
        return 0
    return amount(found, code, name)


@functools.lru_cache(maxsize=8192)
def amount(found: str, code: str, name: str) -> int:
    """Convert the text of an amount; ``name`` says in the reason where it stood.

    Raises:
        Untranslatable: it is not a plain decimal.
    """
    try:
        minor = to_minor(found, code)
    except (MoneyError, ArithmeticError) as exc:
        raise Untranslatable(f"{name}: {_short(found)!r} is not an amount; write 12.50") from exc
    if abs(minor) > LARGEST:
        raise Untranslatable(f"{name}: {_short(found)!r} is too large")
    return minor


def instant(payload: Json, name: str, *, zone: tzinfo | None = None) -> datetime | None:
    """Return a time in UTC; missing is None.

    Args:
        payload: where it stands.
        name: under which.
        zone: of a time that names none, where the platform says which one it is.

    Raises:
        Untranslatable: it is no ISO 8601 time, or has no zone.
    """
    found = text(payload, name)
    if not found:
        return None
    try:
        at = datetime.fromisoformat(found)
    except ValueError as exc:
        raise Untranslatable(f"{name}: {_short(found)!r} is not a time") from exc
    if at.tzinfo is None:
        at = at.replace(tzinfo=zone)
    if at.tzinfo is None:
        raise Untranslatable(f"{name}: {_short(found)!r} has no time zone")
    try:
        return at.astimezone(UTC)
    except OverflowError as exc:
        raise Untranslatable(f"{name}: {_short(found)!r} is not a time") from exc


def _short(found: object) -> str:
    shown = str(found)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


_PIECES = json.JSONDecoder(parse_float=Decimal, parse_constant=_refuse_constant)


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, dict):
        return {_clean(name): _clean(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    return value
