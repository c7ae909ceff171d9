"""Prices of SMS and WhatsApp: entered by account, added up by day as messages leave."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from kernel.arrays import columns
from kernel.errors import Invalid, NotFound
from kernel.formats import find_zone
from kernel.money import is_currency
from kernel.sql import count_sql
from kernel.tenancy import current_tenant_id
from messaging.domain.numbers import code_country_of, country_of
from messaging.domain.prices import PAID, parse_prices, price_of
from messaging.models import ChannelAccount
from tenants.queries import get_tenant
from tenants.services import audit


@dataclass(frozen=True, slots=True)
class Paid:
    """One message that left: to which number, and in how many parts."""

    address: str
    parts: int


@transaction.atomic
def set_prices(account_id: int, currency: str, text: str, *, actor: str) -> None:
    """Keep what messages over an account cost from now on; what left before keeps its cost.

    Raises:
        NotFound: the tenant has no such account on a channel that is paid by the message.
        Invalid: no currency, or something that is no price; ``fields`` says which.
    """
    rows = ChannelAccount.objects.select_for_update(no_key=True)
    row = rows.filter(pk=account_id, channel__in=PAID, removed_at=None).first()
    if row is None:
        raise NotFound("There is no such account.")
    fields, prices = {}, {}
    currency = currency.strip().upper()
    try:
        prices = parse_prices(text)
    except ValueError as exc:
        fields["prices"] = str(exc)
    if prices and not is_currency(currency):
        fields["currency"] = "Write a currency with three letters, such as EUR."
    if fields:
        raise Invalid(next(iter(fields.values())), fields=fields)
    before = {"currency": row.price_currency, "prices": row.prices}
    after = {"currency": currency if prices else "", "prices": prices}
    if before == after:
        return
    ChannelAccount.objects.filter(pk=row.pk).update(price_currency=after["currency"], prices=prices)
    audit.record("channel.priced", "channel", row.pk, before=before, after=after, actor=actor)


def add_spend(account_id: int, paid: Iterable[Paid], now: datetime) -> None:
    """Add what messages cost to their day, inside the transaction that writes that they left."""
    listed = list(paid)
    if not listed:
        return
    row = ChannelAccount.objects.only("price_currency", "prices").get(pk=account_id)
    sums: defaultdict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0)] * 3)
    for one in listed:
        price = price_of(row.prices, country_of(one.address), code_country_of(one.address))
        currency = row.price_currency if price is not None else ""
        added = (Decimal(1), Decimal(one.parts), (price or Decimal(0)) * one.parts)
        sums[currency] = [old + new for old, new in zip(sums[currency], added, strict=True)]
    zone = find_zone(get_tenant(current_tenant_id()).timezone)
    told = [
        (currency, int(count), int(parts), str(amount))
        for currency, (count, parts, amount) in sorted(sums.items())
    ]
    count_sql(
        "messaging.add_spend",
        day=now.astimezone(zone).date(),
        account_id=account_id,
        **columns("currencies messages parts amounts", told),
    )
