"""Flags of products: rules of the merchant, and what somebody says by hand, which wins.

The flags themselves are kept on the products, in sets: whenever something of a product is told, and
of the whole catalogue when a rule comes or goes.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass

from django.db import transaction

from crm.choices import ProductFlag
from crm.models import FlagRule, Product
from kernel.arrays import array
from kernel.errors import Conflict, Invalid, NotFound
from kernel.money import is_currency
from kernel.sql import run_sql
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

AFTER_FLAGGED: list[Callable[[Sequence[int]], None]] = []
"""Called with ids of products whose flags changed without a word of their store, in the same
transaction. Filled when an app starts (`AppConfig.ready`)."""
MOST_RULES = 50
AT_ONCE = 2_000
"""A catalogue of so many products is flagged while the member waits; a larger one by a job."""


@dataclass(frozen=True, slots=True)
class RuleData:
    """What a rule names; what is empty or None, it does not ask.

    Attributes:
        flag: a word of `ProductFlag`.
        from_minor, to_minor: prices of a variant, in minor units of ``currency``.
    """

    flag: str
    category: str = ""
    brand: str = ""
    from_minor: int | None = None
    to_minor: int | None = None
    currency: str = ""


def check_rule(data: RuleData) -> RuleData:
    """Return a rule as it is kept.

    Raises:
        Invalid: it names nothing, or its prices make no sense.
    """
    has_price = data.from_minor is not None or data.to_minor is not None
    if data.flag not in ProductFlag.values:
        raise Invalid("Choose a flag.", fields={"flag": "is not known"})
    if not (data.category or data.brand or has_price):
        raise Invalid("Name a category, a brand or a price: else every product would be caught.")
    if has_price and not is_currency(data.currency):
        raise Invalid("Choose the currency of the price.", fields={"currency": "is not known"})
    if None not in (data.from_minor, data.to_minor) and data.from_minor > data.to_minor:  # type: ignore[operator]
        raise Invalid("The lower price is above the higher one.", fields={"to_price": "too low"})
    return RuleData(
        data.flag,
        data.category.strip(),
        data.brand.strip(),
        data.from_minor,
        data.to_minor,
        data.currency if has_price else "",
    )


@transaction.atomic
def add_rule(data: RuleData, *, actor: str) -> FlagRule:
    """Add a rule and have the catalogue flagged by it.

    Raises:
        Invalid: it names nothing, or its prices make no sense.
        Conflict: there is the same rule already, or there are too many.
    """
    values = asdict(check_rule(data))
    if FlagRule.objects.filter(**values).exists():
        raise Conflict("There is this rule already.")
    if FlagRule.objects.count() >= MOST_RULES:
        raise Conflict(f"There are {MOST_RULES} rules already. Remove one first.")
    rule = FlagRule.objects.create(**values)
    audit.record("product.rule_added", "flag_rule", rule.pk, after=values, actor=actor)
    flag_all(actor=actor)
    return rule


@transaction.atomic
def remove_rule(rule_id: int, *, actor: str) -> None:
    """Remove a rule and have the catalogue flagged without it.

    Raises:
        NotFound: the tenant has no such rule.
    """
    rule = FlagRule.objects.select_for_update().filter(pk=rule_id).first()
    if rule is None:
        raise NotFound("This rule was removed already.")
    before = {name: getattr(rule, name) for name in RuleData.__dataclass_fields__}
    rule.delete()
    audit.record("product.rule_removed", "flag_rule", rule_id, before=before, actor=actor)
    flag_all(actor=actor)


@transaction.atomic
def flag_by_hand(product_id: int, flag: str, *, said: bool | None, actor: str) -> None:
    """Say of a product whether it has a flag, whatever the rules say.

    Args:
        product_id: of the tenant.
        flag: a word of `ProductFlag`.
        said: None leaves it to the rules again.
        actor: e-mail address of the member.

    Raises:
        NotFound: the tenant has no such product.
        Invalid: no such flag.
    """
    if flag not in ProductFlag.values:
        raise Invalid("Choose a flag.", fields={"flag": "is not known"})
    product = Product.objects.select_for_update(no_key=True).filter(pk=product_id).first()
    if product is None:
        raise NotFound("This product does not exist.")
    before = dict(product.flags_by_hand)
    after = {name: value for name, value in before.items() if name != flag}
    if said is not None:
        after[flag] = said
    if after == before:
        return
    product.flags_by_hand = after
    product.save(update_fields=["flags_by_hand"])
    tell_flagged(flag_products([product_id]))
    audit.record("product.flagged", "product", product_id, before=before, after=after, actor=actor)


def flag_products(product_ids: Collection[int]) -> list[int]:
    """Let products have their right flags, in the caller's transaction; returns those changed."""
    if not product_ids:
        return []
    rows = run_sql("crm.flag_products", ids=array(sorted(product_ids)))
    return [row.id for row in rows]


def tell_flagged(product_ids: Sequence[int]) -> None:
    """Let apps above know of products whose flags changed."""
    if product_ids:
        for listen in AFTER_FLAGGED:
            listen(product_ids)


def flag_all(*, actor: str) -> None:
    """Have every product flagged anew: at once where there are few, else by a job."""
    ids = list(Product.objects.order_by("pk").values_list("pk", flat=True)[: AT_ONCE + 1])
    if len(ids) <= AT_ONCE:
        tell_flagged(flag_products(ids))
    else:
        start_job("products.flag", {}, actor=actor, total=Product.objects.count())


def flag_batch(turn: JobTurn) -> JobStep:
    """Flag the next products, inside the transaction of the job's progress."""
    after = (turn.cursor or {}).get("after", 0)
    found = Product.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)
    ids = list(found[:AT_ONCE])
    tell_flagged(flag_products(ids))
    return JobStep(rows=len(ids), cursor={"after": ids[-1]} if len(ids) == AT_ONCE else None)
