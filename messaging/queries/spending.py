"""What messages cost: an estimate before they leave, and sums by day and account after."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kernel import clock
from kernel.formats import find_zone, format_country
from kernel.tenancy import current_tenant_id
from messaging.choices import MessageStatus
from messaging.domain.numbers import code_country_of, country_of
from messaging.domain.prices import PAID, price_of
from messaging.models import ChannelAccount, Message, SpendDay
from messaging.queries.accounts import list_default_accounts
from tenants.queries import get_tenant

DAYS = 30


@dataclass(frozen=True, slots=True)
class Estimate:
    """What one message costs to somebody in a country, such as ``€0.15`` in Austria."""

    amount: str
    country: str


@dataclass(frozen=True, slots=True)
class SpendRow:
    """One account on one day, or in all; amounts in words, one for each currency."""

    day: date | None
    account: str
    messages: int
    parts: int
    amounts: list[str]
    has_gaps: bool


def estimate(channel: str, parts: int, country: str = "") -> Estimate | None:
    """Return what a message would cost; None where no price was entered.

    Args:
        channel: a `crm.choices.Channel` word.
        parts: into how many SMS it is cut; 1 for WhatsApp.
        country: of who gets it; empty is that of the merchant.
    """
    accounts = list_default_accounts([channel])
    if not accounts or not accounts[0].price_currency:
        return None
    place = country or get_tenant(current_tenant_id()).country
    price = price_of(accounts[0].prices, place)
    if price is None:
        return None
    return Estimate(spell(price * parts, accounts[0].price_currency), format_country(place))


def cost_of(message: Message) -> str:
    """Return what a message cost by the prices of today; empty where it cost nothing, or is unsaid.

    Args:
        message: with its account read.
    """
    account = message.account
    is_paid = message.channel in PAID and message.status == MessageStatus.SENT
    if not is_paid or account is None or not account.price_currency:
        return ""
    places = country_of(message.address), code_country_of(message.address)
    price = price_of(account.prices, *places)
    return "" if price is None else spell(price * message.parts, account.price_currency)


def list_spend() -> tuple[list[SpendRow], list[SpendRow]]:
    """Return the last 30 days by account, and in all; newest day first."""
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    first = clock.now().astimezone(zone).date() - timedelta(days=DAYS - 1)
    rows = list(SpendDay.objects.filter(day__gte=first).order_by("-day", "account_id", "currency"))
    if not rows:
        return [], []
    ids = {row.account_id for row in rows}
    names = dict(ChannelAccount.objects.filter(pk__in=ids).values_list("pk", "name"))
    by_day: dict[tuple[date | None, int], list[SpendDay]] = {}
    whole: dict[tuple[date | None, int], list[SpendDay]] = {}
    for row in rows:
        by_day.setdefault((row.day, row.account_id), []).append(row)
        whole.setdefault((None, row.account_id), []).append(row)
    days, sums = (
        [_row(day, names.get(account_id, ""), found) for (day, account_id), found in each.items()]
        for each in (by_day, whole)
    )
    return days, sums


def spell(amount: Decimal, currency: str) -> str:
    """Return an amount with up to four places, as parts of a message cost little."""
    places = 2 if amount >= 1 or amount == amount.quantize(Decimal("0.01")) else 4
    return f"{currency} {amount:,.{places}f}"


def _row(day: date | None, name: str, rows: Sequence[SpendDay]) -> SpendRow:
    amounts: dict[str, Decimal] = {}
    for row in rows:
        if row.currency:
            amounts[row.currency] = amounts.get(row.currency, Decimal(0)) + row.amount
    return SpendRow(
        day,
        name,
        sum(row.messages for row in rows),
        sum(row.parts for row in rows),
        [spell(amount, currency) for currency, amount in sorted(amounts.items())],
        any(not row.currency for row in rows),
    )
