"""How mails fared by day, account, mailbox provider and class, without looking at a single mail.

How to use it. `sum_deliveries` adds up days of the tenant's calendar (`today` names the one that is
running) and tells apart whatever ``by`` names:

    week = sum_deliveries(today() - timedelta(days=6), today())          # {(): Tally}
    rate = week[()].complaint_rate if () in week else 0.0
    by_account = sum_deliveries(first, last, by=("account_id",))         # {(3,): Tally, …}
    gmail = sum_deliveries(first, last, by=("mailbox",)).get(("gmail",))
    marketing = sum_deliveries(first, last, classes=MARKETING)

Rates are fractions of 0 to 1. A bounce, complaint or opening counts on the day on which its mail
left. The sums are some seconds behind the mails; cost follows days × accounts × providers, and
never the number of mails. Account 0 is the installation's own mail server. Tests that members
send are left out.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Final

from django.db.models import Sum

from kernel import clock
from kernel.formats import find_zone
from kernel.scope import current_tenant_id
from messaging.models import DeliveryDay
from tenants.queries import get_tenant

Key = tuple[date | int | str, ...]

_COUNTS: Final = (
    "sent",
    "delivered",
    "hard",
    "soft",
    "blocked",
    "complained",
    "unsubscribed",
    "opened",
    "loaded",
    "clicked",
)


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some mails.

    Attributes:
        sent: handed over, those that were refused at once included.
        delivered: of which the provider said so; mail servers of one's own never do.
        hard: bounced because the address is dead.
        soft: bounced for another reason that may pass.
        blocked: refused for what they said or who sent them.
        unsubscribed: from which somebody unsubscribed.
        opened: by a person.
        loaded: whose picture only machines loaded.
    """

    sent: int = 0
    delivered: int = 0
    hard: int = 0
    soft: int = 0
    blocked: int = 0
    complained: int = 0
    unsubscribed: int = 0
    opened: int = 0
    loaded: int = 0
    clicked: int = 0

    @property
    def bounced(self) -> int:
        """Return how many came back for whatever reason."""
        return self.hard + self.soft + self.blocked

    @property
    def arrived(self) -> int:
        """Return how many did not come back: complaints, openings and the like are shares of it."""
        return self.sent - self.bounced

    @property
    def bounce_rate(self) -> float:
        """Return the share of what was sent that came back."""
        return _share(self.bounced, self.sent)

    @property
    def hard_rate(self) -> float:
        """Return the share of what was sent that went to dead addresses."""
        return _share(self.hard, self.sent)

    @property
    def soft_rate(self) -> float:
        """Return the share of what was sent that came back for now, or was blocked."""
        return _share(self.soft + self.blocked, self.sent)

    @property
    def complaint_rate(self) -> float:
        """Return the share of what arrived that was marked as spam."""
        return _share(self.complained, self.arrived)

    @property
    def unsubscribe_rate(self) -> float:
        """Return the share of what arrived from which somebody unsubscribed."""
        return _share(self.unsubscribed, self.arrived)

    @property
    def open_rate(self) -> float:
        """Return the share of what arrived that a person opened."""
        return _share(self.opened, self.arrived)

    @property
    def click_rate(self) -> float:
        """Return the share of what arrived in which a person followed a link."""
        return _share(self.clicked, self.arrived)


NOTHING: Final = Tally()


def add_tallies(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of some tallies."""
    found = list(tallies)
    return Tally(**{name: sum(getattr(each, name) for each in found) for name in _COUNTS})


def today() -> date:
    """Return the running day of the tenant's calendar."""
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    return clock.now().astimezone(zone).date()


def sum_deliveries(
    first: date, last: date, *, by: Collection[str] = (), classes: Collection[str] = ()
) -> dict[Key, Tally]:
    """Return what became of the mails that left on some days, in one statement.

    Args:
        first: of the days; ``last`` is included as well.
        last: likewise.
        by: what is told apart, of ``day``, ``account_id``, ``mailbox``, ``message_class``; the keys
            have their values in this order.
        classes: words of `MessageClass`; empty for all.

    Returns:
        By key, in the order of the keys; what has no mail is left out, so that a tenant that sent
        nothing gets an empty one.
    """
    rows = DeliveryDay.objects.filter(day__gte=first, day__lte=last)
    if classes:
        rows = rows.filter(message_class__in=classes)
    sums = {f"sum_{name}": Sum(name) for name in _COUNTS}
    found: dict[Key, Tally] = {}
    for row in rows.order_by(*by).values(*by).annotate(**sums) if by else [rows.aggregate(**sums)]:
        tally = Tally(**{name: int(row[f"sum_{name}"] or 0) for name in _COUNTS})
        if tally.sent:
            found[tuple(row[part] for part in by)] = tally
    return found


def _share(part: int, whole: int) -> float:
    return part / whole if whole > 0 else 0.0
