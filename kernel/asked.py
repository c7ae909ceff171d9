"""What stands in the query of a list's address: filters, period, page. Nonsense is left out."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.http import HttpRequest

from kernel.formats import format_day
from kernel.keyset import Place

MAX_TEXT = 200
PERIODS = (
    ("1", "Today"),
    ("7", "Last 7 days"),
    ("30", "Last 30 days"),
    ("90", "Last 90 days"),
    ("365", "Last 365 days"),
)
_BIGINT_DIGITS = 18


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter that is on, and the address of the list without it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class AskedPeriod:
    """Days of the tenant's calendar, both included; None is open.

    Attributes:
        key: of `PERIODS`; empty for days of the person's own, or none.
    """

    first: date | None = None
    last: date | None = None
    key: str = ""


def read_text(request: HttpRequest, name: str) -> str:
    """Return a text of at most `MAX_TEXT` characters, without what a database cannot hold."""
    return request.GET.get(name, "").replace("\x00", "").strip()[:MAX_TEXT]


def read_choice(request: HttpRequest, name: str, choices: Iterable[str], default: str = "") -> str:
    """Return a word when it is one of the choices, else the default."""
    found = request.GET.get(name, "")
    return found if found in set(choices) else default


def read_id(request: HttpRequest, name: str) -> int | None:
    """Return an id, or None."""
    found = request.GET.get(name, "")
    is_id = found.isascii() and found.isdigit() and len(found) <= _BIGINT_DIGITS
    return int(found) if is_id else None


def read_day(request: HttpRequest, name: str) -> date | None:
    """Return a day, or None."""
    try:
        day = date.fromisoformat(request.GET.get(name, ""))
    except ValueError:
        return None
    # The days at the edge of the calendar have no midnight in some zones.
    return day if date(1900, 1, 1) <= day <= date(9000, 1, 1) else None


def read_period(request: HttpRequest, today: date) -> AskedPeriod:
    """Return the days asked for: ``from`` and ``to``, else the ``period`` that ends today."""
    first, last = read_day(request, "from"), read_day(request, "to")
    if first or last:
        return AskedPeriod(first, last)
    key = read_choice(request, "period", [key for key, _ in PERIODS])
    if not key:
        return AskedPeriod()
    return AskedPeriod(today - timedelta(days=int(key) - 1), today, key)


def read_place(request: HttpRequest, *, limit: int = 50) -> Place:
    """Return which page is asked for."""
    marks = request.GET.get("after", "")[:MAX_TEXT], request.GET.get("before", "")[:MAX_TEXT]
    return Place(after=marks[0], before=marks[1], limit=limit)


def make_chip(request: HttpRequest, label: str, *names: str) -> Chip:
    """Return a filter that is on, with the address of the first page without it."""
    query = request.GET.copy()
    for name in (*names, "after", "before"):
        query.pop(name, None)
    return Chip(label, f"{request.path}?{query.urlencode()}")


def period_chips(request: HttpRequest, period: AskedPeriod) -> list[Chip]:
    """Return the chip of days of the person's own; a period with a name has a control in sight."""
    if period.key or not (words := speak_period(period)):
        return []
    return [make_chip(request, words, "from", "to")]


def speak_period(period: AskedPeriod) -> str:
    """Write a period, such as ``From 1 Jun 2026 to 4 Jun 2026``; empty for all time."""
    if period.key:
        return dict(PERIODS)[period.key]
    first = f"From {format_day(period.first)}" if period.first else ""
    last = f"{'to' if first else 'Until'} {format_day(period.last)}" if period.last else ""
    return " ".join(filter(None, [first, last]))
