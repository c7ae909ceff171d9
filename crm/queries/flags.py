"""Rules of flags and what each catches, and why a product has the flags that it has."""

from dataclasses import dataclass
from typing import Any

from crm.choices import ProductFlag
from crm.models import FlagRule, Product, Store
from kernel.formats import format_money
from kernel.scope import current_tenant_id
from kernel.sql import run_sql
from tenants.queries import get_tenant

CEILING = 10_000
"""Products that a rule catches are counted up to here."""


@dataclass(frozen=True, slots=True)
class Caught:
    """How many products a rule catches, at most the ceiling, and the newest of them."""

    products: int
    titles: list[str]

    @property
    def is_more(self) -> bool:
        """Whether there may be more than were counted."""
        return self.products >= CEILING


@dataclass(frozen=True, slots=True)
class ListedRule:
    """A rule in words, and what it catches."""

    rule: FlagRule
    words: str
    caught: Caught


@dataclass(frozen=True, slots=True)
class FlagOfProduct:
    """One flag of one product.

    Attributes:
        word, label: of `ProductFlag`.
        is_on: whether the product has it.
        by_hand: what was said by hand; None: the rules say it.
    """

    word: str
    label: str
    is_on: bool
    by_hand: bool | None


def list_rules() -> list[ListedRule]:
    """Return every rule, those of one flag together."""
    rules = FlagRule.objects.order_by("flag", "pk")
    return [ListedRule(rule, say_rule(rule), count_caught(rule)) for rule in rules]


def count_caught(rule: Any) -> Caught:
    """Return what a rule catches, whether it is kept or only considered."""
    names = ("category", "brand", "from_minor", "to_minor", "currency")
    asked = {name: getattr(rule, name) for name in names}
    row = run_sql("crm.count_caught", ceiling=CEILING, **asked)[0]
    return Caught(row.products, list(row.titles or ()))


def say_rule(rule: Any) -> str:
    """Return what a rule asks, for people."""
    parts = [f"category {rule.category}"] if rule.category else []
    parts += [f"brand {rule.brand}"] if rule.brand else []
    low, high = rule.from_minor, rule.to_minor
    if low is not None and high is not None:
        parts.append(f"{format_money(low, rule.currency)} to {format_money(high, rule.currency)}")
    elif low is not None:
        parts.append(f"{format_money(low, rule.currency)} or more")
    elif high is not None:
        parts.append(f"{format_money(high, rule.currency)} or less")
    said = ", ".join(parts)
    return said[:1].upper() + said[1:]


def flags_of(product: Product) -> list[FlagOfProduct]:
    """Return every flag as it stands with a product."""
    return [
        FlagOfProduct(
            flag.value, flag.label, flag.value in product.flags, product.flags_by_hand.get(flag)
        )
        for flag in ProductFlag
    ]


def list_currencies() -> list[str]:
    """Return the currencies in which the tenant's stores may ask prices, the tenant's first."""
    first = get_tenant(current_tenant_id()).currency
    others = Store.objects.order_by("currency").values_list("currency", flat=True).distinct()
    return list(dict.fromkeys([first, *(code for code in others if code)]))
