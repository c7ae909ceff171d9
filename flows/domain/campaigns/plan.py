"""When and how a campaign is sent, read of its JSON; every fault is named at its place.

Times are those of a clock on the wall, ``2026-12-01T09:00``: of the tenant's zone, or of each
recipient's where it is sent by their local time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any, Final, TypeGuard

from flows.errors import PlanError, Problem
from messaging.domain.utm import MOST, PARAMETERS, unknown_names

NOW, AT, LOCAL, BEST_HOUR = "now", "at", "local", "best_hour"
TIMINGS: Final = (NOW, AT, LOCAL, BEST_HOUR)
SEND_NOW, NEXT_DAY = "now", "next_day"
LEAVE_OUT, SEND = "leave_out", "send"
"""What becomes of those of whom nobody knows whether they read what is sent again."""
PERCENTS: Final = (1, 2, 5, 10, 11, 13, 14, 17, 20, 25, 33, 50)
"""Shares of an audience that can be sent an hour."""
MOST_PER_HOUR: Final = 10_000_000
METRICS: Final = ("opens", "clicks", "revenue")
USUAL_SHARE: Final = 20
USUAL_HOLDOUT: Final = 5
MOST_HOLDOUT: Final = 50
USUAL_WAIT: Final = {"sms": 60, "whatsapp": 60}
"""Minutes that a test is waited for, by channel; `MAIL_WAIT` for the others."""
MAIL_WAIT: Final = 240
SHORTEST_WAIT, LONGEST_WAIT = 15, 7 * 24 * 60
MOST_VARIANTS: Final = 5
YEARS: Final = range(2000, 2100)
_KEYS: Final = frozenset(
    {"timing", "at", "if_past", "throttle", "test", "holdout", "resend", "utm"}
)


@dataclass(frozen=True, slots=True)
class Throttle:
    """How many leave in an hour: a share of the audience in per cent, or a number."""

    percent: int = 0
    per_hour: int = 0

    def rate(self, audience: int) -> int:
        """Return how many recipients of an audience may be released in an hour, at least 1."""
        return self.per_hour or max(1, -(-audience * self.percent // 100))


@dataclass(frozen=True, slots=True)
class Trial:
    """How the best of several templates is found.

    Attributes:
        share: per cent of the audience that gets one of them at random.
        wait: between the last message of the test and the decision.
        metric: one of `METRICS`.
        times: on the wall, one for each template where times are tested; empty: all at once.
    """

    share: int
    wait: timedelta
    metric: str
    times: tuple[time, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """When and how a campaign is sent.

    Attributes:
        at: naive, on the wall clock; None where it is sent at once. Its day alone counts where
            everybody has an hour of their own.
        if_past: what becomes of recipients where that time has passed: `SEND_NOW` or `NEXT_DAY`.
        holdout: per cent of the audience that gets nothing, so that the lift can be measured.
        with_hidden: what is sent again also goes to those of whom nobody knows whether they read
            the first one.
        utm: UTM parameters of its links, instead of those of the templates and the account.
    """

    timing: str = NOW
    at: datetime | None = None
    if_past: str = SEND_NOW
    throttle: Throttle | None = None
    test: Trial | None = None
    holdout: int = USUAL_HOLDOUT
    with_hidden: bool = False
    utm: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_personal(self) -> bool:
        """Whether recipients get it at times of their own."""
        return self.timing in {LOCAL, BEST_HOUR}


class _Reader:
    """Reads one plan and keeps what is wrong with it."""

    def __init__(self, raw: Mapping[str, Any], channel: str) -> None:
        self.raw = raw
        self.channel = channel
        self.problems: list[Problem] = []

    def note(self, path: str, text: str) -> None:
        self.problems.append(Problem(path, text))

    def number(self, part: Mapping[str, Any], path: str, usual: int, bounds: range) -> int:
        value = part.get(path.rpartition(".")[2], usual)
        if type(value) is not int or value not in bounds:
            self.note(path, f"Say a whole number from {bounds.start:,} to {bounds.stop - 1:,}.")
            return usual
        return value

    def word(self, part: Mapping[str, Any], path: str, usual: str, words: tuple[str, ...]) -> str:
        value = part.get(path.rpartition(".")[2], usual)
        if value not in words:
            self.note(path, f"Choose one of {', '.join(words)}.")
            return usual
        return str(value)

    def child(self, name: str) -> Mapping[str, Any] | None:
        value = self.raw.get(name)
        if value is not None and not isinstance(value, Mapping):
            self.note(name, "Say it as an object, or leave it out.")
            return None
        return value


def parse_plan(raw: object, *, channel: str, variants: int) -> Plan:
    """Read a plan.

    Args:
        raw: JSON; an empty object sends at once.
        channel: of the campaign.
        variants: templates of the campaign; from two on they are tested.

    Raises:
        PlanError: with every fault.
    """
    reader = _begin(raw, channel)
    timing = reader.word(reader.raw, "timing", NOW, TIMINGS)
    plan = Plan(
        timing=timing,
        at=_read_at(reader, timing),
        if_past=reader.word(reader.raw, "if_past", SEND_NOW, (SEND_NOW, NEXT_DAY)),
        throttle=_read_throttle(reader),
        test=_read_test(reader, variants) if variants > 1 else None,
        holdout=reader.number(reader.raw, "holdout", USUAL_HOLDOUT, range(MOST_HOLDOUT + 1)),
        with_hidden=_read_resend(reader),
        utm=_read_utm(reader),
    )
    _check_whole(reader, plan)
    if reader.problems:
        raise PlanError(reader.problems)
    return plan


def check_parts(raw: object, *, channel: str) -> None:
    """Check each part of a plan for itself, as far as a draft has come.

    Raises:
        PlanError: with every fault.
    """
    reader = _begin(raw, channel)
    timing = reader.word(reader.raw, "timing", NOW, TIMINGS)
    if reader.raw.get("at"):
        _read_at(reader, timing)
    reader.word(reader.raw, "if_past", SEND_NOW, (SEND_NOW, NEXT_DAY))
    _read_throttle(reader)
    _read_test(reader, variants=0)
    reader.number(reader.raw, "holdout", USUAL_HOLDOUT, range(MOST_HOLDOUT + 1))
    _read_resend(reader)
    _read_utm(reader)
    if reader.problems:
        raise PlanError(reader.problems)


def _begin(raw: object, channel: str) -> _Reader:
    reader = _Reader(raw if isinstance(raw, Mapping) else {}, channel)
    if not isinstance(raw, Mapping):
        reader.note("plan", "Say it as an object.")
    for name in sorted(set(reader.raw) - _KEYS, key=str):
        reader.note(str(name), "A plan knows nothing of this name.")
    return reader


def _read_at(reader: _Reader, timing: str) -> datetime | None:
    if timing == NOW:
        return None
    try:
        said = datetime.fromisoformat(str(reader.raw.get("at") or ""))
    except ValueError:
        reader.note("at", "Say a date and time.")
        return None
    if said.year not in YEARS:
        reader.note("at", "Say a date of this century.")
        return None
    if said.tzinfo is not None:
        reader.note("at", "Say it without a zone: it is the time on the wall there.")
        return None
    return said.replace(second=0, microsecond=0)


def _read_throttle(reader: _Reader) -> Throttle | None:
    part = reader.child("throttle")
    if part is None:
        return None
    if ("percent" in part) == ("per_hour" in part):
        reader.note("throttle", "Say either a share or a number of messages an hour.")
        return None
    if "per_hour" in part:
        bounds = range(1, MOST_PER_HOUR + 1)
        return Throttle(per_hour=reader.number(part, "throttle.per_hour", 1, bounds))
    if part["percent"] not in PERCENTS or type(part["percent"]) is not int:
        shares = ", ".join(map(str, PERCENTS))
        reader.note("throttle.percent", f"Choose one of {shares} per cent an hour.")
        return None
    return Throttle(percent=part["percent"])


def _read_test(reader: _Reader, variants: int) -> Trial:
    part = reader.child("test") or {}
    usual = USUAL_WAIT.get(reader.channel, MAIL_WAIT)
    bounds = range(SHORTEST_WAIT, LONGEST_WAIT + 1)
    return Trial(
        share=reader.number(part, "test.share", USUAL_SHARE, range(1, 101)),
        wait=timedelta(minutes=reader.number(part, "test.wait_minutes", usual, bounds)),
        metric=reader.word(part, "test.metric", "clicks", METRICS),
        times=_read_times(reader, part.get("times") or (), variants),
    )


def _read_times(reader: _Reader, said: object, variants: int) -> tuple[time, ...]:
    """Read the times that are tested; 0 variants: how many there are is not known yet."""
    try:
        times = tuple(time.fromisoformat(str(each)) for each in said) if _is_list(said) else None
    except ValueError:
        times = None
    if times is None or any(each.tzinfo is not None for each in times):
        reader.note("test.times", "Say times on the wall, such as 09:00.")
        return ()
    if times and variants and len(times) != variants:
        reader.note("test.times", "Say a time for each template, or for none.")
    return times


def _is_list(said: object) -> TypeGuard[Sequence[object]]:
    return isinstance(said, list | tuple)


def _read_resend(reader: _Reader) -> bool:
    part = reader.child("resend") or {}
    return reader.word(part, "resend.unsure", LEAVE_OUT, (LEAVE_OUT, SEND)) == SEND


def _read_utm(reader: _Reader) -> Mapping[str, str]:
    part = reader.child("utm") or {}
    for name, value in part.items():
        path = f"utm.{name}"
        if name not in PARAMETERS:
            reader.note(path, f"Choose one of {', '.join(PARAMETERS)}.")
        elif not isinstance(value, str) or len(value) > MOST:
            reader.note(path, f"Say a text of at most {MOST} characters.")
        elif unknown := unknown_names(value):
            reader.note(path, f"Nobody knows {{{unknown[0]}}}.")
    return {name: str(part[name]) for name in PARAMETERS if part.get(name)}


def _check_whole(reader: _Reader, plan: Plan) -> None:
    rules = (
        (
            plan.is_personal and plan.test is not None,
            "test",
            "A test needs one moment for all. Send it at one time, or one template.",
        ),
        (
            plan.is_personal and plan.throttle is not None,
            "throttle",
            "Times of their own and a throttle cannot both be kept. Choose one.",
        ),
        (
            plan.test is not None and bool(plan.test.times) and plan.throttle is not None,
            "throttle",
            "A test of times and a throttle cannot both be kept. Choose one.",
        ),
        (
            plan.test is not None and plan.test.metric == "opens" and reader.channel == "sms",
            "test.metric",
            "Nobody knows who opens an SMS. Choose clicks or revenue.",
        ),
    )
    for is_broken, path, words in rules:
        if is_broken:
            reader.note(path, words)
