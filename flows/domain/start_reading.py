"""From the JSON of a trigger to its value."""

from collections.abc import Callable, Mapping
from datetime import time
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from crm.domain.stock_marks import LOW_MARKS
from flows.domain.reading import Reader
from flows.domain.starts import (
    Affinity,
    ArrivalTrigger,
    DateTrigger,
    Interest,
    ManualTrigger,
    OwnTrigger,
    PriceTrigger,
    RefillTrigger,
    Repeats,
    StockTrigger,
)

Body = Mapping[str, Any]

MOST_OFFSET: Final = 366
MOST_DAYS: Final = 90
"""So long ago somebody may have been interested."""
DAYS: Final = 30
MORNING: Final = time(9)
DATE_UNITS: Final = ("days", "weeks", "months")
MOST_PIECES: Final = 1_000
INTERESTS: Final = (Interest.VIEWED, Interest.CART, Interest.CHECKOUT, Interest.WISHED)
"""Who may hear of a price or of stock beside those who asked to be told."""
REFILL_PERCENT: Final = 80
AFFINITY_DAYS: Final = 180
MOST_AFFINITY_DAYS: Final = 730
BACK, OUT = True, False
"""Whether stock comes or goes."""


def read_date(reader: Reader, raw: Any) -> OwnTrigger:
    """Read a date that starts a run."""
    path = "trigger.date"
    body = reader.read_object(raw, path)
    n, unit, is_before = 0, "days", False
    if body.get("offset") is not None:
        offset = reader.read_object(body["offset"], f"{path}.offset")
        n = reader.read_whole(offset.get("n"), f"{path}.offset.n", 0, MOST_OFFSET)
        unit = reader.read_word(offset.get("unit"), f"{path}.offset.unit", DATE_UNITS) or "days"
        words, where = ("before", "after"), f"{path}.offset.direction"
        is_before = reader.read_word(offset.get("direction"), where, words) == "before"
    repeats = reader.read_word(body.get("repeats", "yearly"), f"{path}.repeats", tuple(Repeats))
    return DateTrigger(
        name=reader.read_text(body.get("property"), f"{path}.property"),
        repeats=Repeats(repeats) if repeats else Repeats.YEARLY,
        n=n,
        unit=unit,
        is_before=is_before,
        at=reader.read_time(body.get("at"), f"{path}.at") or MORNING,
        zone=reader.read_zone(body.get("timezone", "profile"), f"{path}.timezone"),
        weekdays=reader.read_weekdays(body.get("weekdays", []), f"{path}.weekdays"),
    )


def read_price(reader: Reader, raw: Any) -> OwnTrigger:
    """Read a price drop that starts runs."""
    path = "trigger.price_drop"
    body = reader.read_object(raw, path)
    unit = reader.read_word(body.get("unit", "percent"), f"{path}.unit", ("percent", "amount"))
    least = _amount(reader, body.get("by"), f"{path}.by")
    if unit == "percent" and least > 100:  # noqa: PLR2004 percent
        reader.fault(f"{path}.by", "must be at most 100 percent")
    return PriceTrigger(
        least,
        unit == "percent",
        *_audience(reader, body, path, INTERESTS),
    )


def read_low_stock(reader: Reader, raw: Any) -> OwnTrigger:
    """Read a stock that runs low and starts runs."""
    path = "trigger.low_stock"
    body = reader.read_object(raw, path)
    pieces = body.get("pieces", 10)
    if isinstance(pieces, bool) or pieces not in LOW_MARKS:
        words = ", ".join(str(mark) for mark in reversed(LOW_MARKS))
        reader.fault(f"{path}.pieces", f"must be one of {words}")
        pieces = LOW_MARKS[0]
    return StockTrigger(int(pieces), OUT, *_audience(reader, body, path, INTERESTS))


def read_back_in_stock(reader: Reader, raw: Any) -> OwnTrigger:
    """Read a variant that is back and starts runs."""
    path = "trigger.back_in_stock"
    body = reader.read_object(raw, path)
    pieces = reader.read_whole(body.get("pieces", 1), f"{path}.pieces", 1, MOST_PIECES)
    interests = (Interest.ASKED, *INTERESTS)
    return StockTrigger(pieces, BACK, *_audience(reader, body, path, interests))


def read_refill(reader: Reader, raw: Any) -> OwnTrigger:
    """Read that what was bought runs out."""
    path = "trigger.refill"
    body = reader.read_object(raw, path)
    percent = reader.read_whole(body.get("percent", REFILL_PERCENT), f"{path}.percent", 1, 200)
    return RefillTrigger(percent)


def read_arrival(reader: Reader, raw: Any) -> OwnTrigger:
    """Read that a product is published."""
    path = "trigger.new_product"
    body = reader.read_object(raw, path)
    word = reader.read_word(
        body.get("audience", Affinity.EITHER), f"{path}.audience", tuple(Affinity)
    )
    days = body.get("within_days", AFFINITY_DAYS)
    return ArrivalTrigger(
        Affinity(word) if word else Affinity.EITHER,
        reader.read_whole(days, f"{path}.within_days", 1, MOST_AFFINITY_DAYS),
    )


def read_manual(reader: Reader, raw: Any) -> OwnTrigger:
    """Read that people are only put in by hand."""
    if raw is not True:
        reader.fault("trigger.manual", "must be true")
    return ManualTrigger()


def _audience(
    reader: Reader, body: Body, path: str, interests: tuple[Interest, ...]
) -> tuple[Interest, int]:
    word = reader.read_word(body.get("audience", interests[0]), f"{path}.audience", interests)
    days = reader.read_whole(body.get("within_days", DAYS), f"{path}.within_days", 1, MOST_DAYS)
    return (Interest(word) if word else interests[0]), days


def _amount(reader: Reader, raw: Any, path: str) -> Decimal:
    try:
        amount = Decimal(str(raw)) if isinstance(raw, int | float | str) else Decimal(-1)
    except InvalidOperation:
        amount = Decimal(-1)
    if isinstance(raw, bool) or not amount.is_finite() or amount <= 0:
        reader.fault(path, "must be a number above 0")
        return Decimal(1)
    return amount


START_READERS: Final[dict[str, Callable[[Reader, Any], OwnTrigger]]] = {
    "date": read_date,
    "price_drop": read_price,
    "low_stock": read_low_stock,
    "back_in_stock": read_back_in_stock,
    "refill": read_refill,
    "new_product": read_arrival,
    "manual": read_manual,
}
"""By the key of a trigger that names what it is."""
