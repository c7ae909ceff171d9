"""What it costs to send one text to many people, by the prices that were entered."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from crm.choices import Channel
from messaging.domain.numbers import code_country_of, country_of
from messaging.domain.prices import PAID, price_of
from messaging.queries.accounts import list_default_accounts
from messaging.queries.spending import spell
from messaging.queries.templates import find_template
from messaging.services.sizing import describe_text


@dataclass(frozen=True, slots=True)
class Cost:
    """What messages cost.

    Attributes:
        amount: in words, such as ``EUR 12.40``.
        parts: into how many SMS each is cut for a made-up reader; 1 for WhatsApp.
        unpriced: messages to countries for which nobody entered a price, so that they are left out.
    """

    amount: str
    parts: int
    unpriced: int


def estimate_sending(
    template_id: int, channel: str, addresses: Sequence[str], factor: float
) -> Cost | None:
    """Return what it costs to send a template to some numbers, in a handful of statements.

    Args:
        template_id: of the active tenant.
        channel: a `crm.choices.Channel` word.
        addresses: numbers, as they are stored.
        factor: how many people each of them stands for.

    Returns:
        None where messages of the channel have no price, or none was entered.
    """
    accounts = list_default_accounts([channel]) if channel in PAID else []
    if not accounts or not accounts[0].price_currency:
        return None
    parts = _count_parts(template_id, channel)
    total, unpriced = Decimal(0), 0
    for (country, code), count in Counter(map(_places, addresses)).items():
        price = price_of(accounts[0].prices, country, code)
        if price is None:
            unpriced += round(count * factor)
        else:
            total += price * parts * round(count * factor)
    return Cost(spell(total, accounts[0].price_currency), parts, unpriced)


def _places(address: str) -> tuple[str, str]:
    return country_of(address), code_country_of(address)


def _count_parts(template_id: int, channel: str) -> int:
    template = find_template(template_id)
    if template is None or channel != Channel.SMS:
        return 1
    size = describe_text(channel, template.text, template.content).size
    return size.parts if size else 1
