"""How mails fared, account by account and mailbox provider by provider, with what to do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from crm.choices import Channel
from messaging.channels.registry import find_provider
from messaging.domain.mailboxes import GROUPS
from messaging.domain.reputation import BAD, GOOD, MEASURES, WARN, Measure, opens_too_low
from messaging.models import ChannelAccount
from messaging.queries.deliveries import NOTHING, Key, Tally, add_tallies, sum_deliveries, today

DAYS: Final = 30
OWN_SERVER: Final = "Mail server of the installation"


@dataclass(frozen=True, slots=True)
class Cell:
    """One judged rate."""

    label: str
    rate: float
    tone: str

    @property
    def text(self) -> str:
        """Return the rate for people; one below one in a hundred has two digits."""
        return speak_rate(self.rate)


@dataclass(frozen=True, slots=True)
class Line:
    """One mailbox provider, or all of them.

    Attributes:
        is_low: people there open far less than elsewhere.
    """

    label: str
    tally: Tally
    cells: list[Cell]
    is_low: bool = False

    @property
    def open_text(self) -> str:
        """Return the rate of openings for people."""
        return speak_rate(self.tally.open_rate)


@dataclass(frozen=True, slots=True)
class AccountFigures:
    """One account with its mailbox providers, the one with most mails first.

    Attributes:
        tells: whether it is told what became of mails; a mail server of one's own never is.
    """

    name: str
    provider: str
    tells: bool
    total: Line
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing to do.

    Attributes:
        tone: ``bad`` or ``warn``.
    """

    tone: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The last days, and the same days before."""

    first: date
    last: date
    total: Line
    before: Tally
    accounts: list[AccountFigures]
    advice: list[Advice]


def find_figures() -> Figures:
    """Return how the mails of the last 30 days fared, at the cost of their days."""
    last = today()
    first = last - timedelta(days=DAYS - 1)
    sums = sum_deliveries(first, last, by=("account_id", "mailbox"))
    total = add_tallies(sums.values())
    before = sum_deliveries(first - timedelta(days=DAYS), first - timedelta(days=1))
    accounts = _accounts(sums, total)
    line = _line("All mail", total)
    return Figures(first, last, line, before.get((), NOTHING), accounts, _advise(line, sums))


def list_days(first: date, last: date) -> list[tuple[date, Tally]]:
    """Return the sums of each day, those without mail included."""
    sums = sum_deliveries(first, last, by=("day",))
    days = [first + timedelta(days=place) for place in range((last - first).days + 1)]
    return [(day, sums.get((day,), NOTHING)) for day in days]


def speak_rate(rate: float) -> str:
    """Write a rate for people; one below one in a hundred has two digits."""
    if not rate:
        return "0%"
    return f"{rate:.2%}" if rate < 0.01 else f"{rate:.1%}"  # noqa: PLR2004 as it says


def _accounts(sums: Mapping[Key, Tally], total: Tally) -> list[AccountFigures]:
    ids = {int(str(account_id)) for account_id, _ in sums}
    rows = {row.pk: row for row in ChannelAccount.objects.filter(pk__in=ids)} if ids else {}
    found = []
    for account_id in ids:
        own = {str(mailbox): tally for (key, mailbox), tally in sums.items() if key == account_id}
        lines = [
            _line(GROUPS[mailbox], own[mailbox], overall=total)
            for mailbox in GROUPS
            if mailbox in own
        ]
        lines.sort(key=lambda line: -line.tally.sent)
        name, provider, tells = _describe(rows.get(account_id))
        found.append(
            AccountFigures(name, provider, tells, _line(name, add_tallies(own.values())), lines)
        )
    return sorted(found, key=lambda each: -each.total.tally.sent)


def _describe(row: ChannelAccount | None) -> tuple[str, str, bool]:
    if row is None:
        return OWN_SERVER, "Mail server (SMTP)", False
    known = find_provider(Channel.EMAIL.value, row.provider)
    name = f"{row.name} (removed)" if row.removed_at else row.name
    return name, known.label if known else row.provider, row.provider != "smtp"


def _advise(line: Line, sums: Mapping[Key, Tally]) -> list[Advice]:
    """Say what to do, the worst first: for all mail, and for a provider that is worse than it."""
    found = [advice for measure in MEASURES if (advice := _judge(measure, "", line.tally))]
    told = {measure.key for measure in MEASURES if _tone(measure, line.tally) == BAD}
    for mailbox, label in GROUPS.items():
        own = add_tallies([tally for (_, key), tally in sums.items() if key == mailbox])
        for measure in MEASURES:
            is_worse = _tone(measure, own) == BAD and measure.key not in told
            if is_worse and (advice := _judge(measure, label, own)):
                found.append(advice)
        if len(sums) > 1 and opens_too_low(own.open_rate, own.sent, line.tally.open_rate):
            text = (
                "People there open less than half as much as everybody else. Write to those who "
                "clicked lately first, so that the provider sees that mail from you is wanted."
            )
            found.append(Advice(WARN, f"Mail to {label} may land in spam", text))
    return sorted(found, key=lambda advice: advice.tone != BAD)


def _judge(measure: Measure, where: str, tally: Tally) -> Advice | None:
    tone = _tone(measure, tally)
    if tone in {"", GOOD}:
        return None
    rate = float(getattr(tally, measure.key))
    place = f" at {where}" if where else ""
    title = f"{measure.label}{place}: {speak_rate(rate)} of mails"
    return Advice(tone, title, measure.alarm if tone == BAD else measure.advice)


def _tone(measure: Measure, tally: Tally) -> str:
    return measure.judge(float(getattr(tally, measure.key)), tally.sent)


def _line(label: str, tally: Tally, *, overall: Tally | None = None) -> Line:
    cells = [
        Cell(measure.label, float(getattr(tally, measure.key)), _tone(measure, tally))
        for measure in MEASURES
    ]
    is_low = overall is not None and opens_too_low(tally.open_rate, tally.sent, overall.open_rate)
    return Line(label, tally, cells, is_low)
