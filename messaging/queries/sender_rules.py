"""Who each message is from: the rules of the tenant, for any number of messages at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kernel.arrays import array
from kernel.sql import run_sql
from messaging.domain.sender_rules import PROPERTY, Rule, find_rule, fold
from messaging.models import Sender, SenderRule
from messaging.queries.traits import Written, find_traits, list_traits
from messaging.types import From, Recipient


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as pages and the API show it.

    Attributes:
        label: of what it looks at, such as ``Loyalty tier``.
        words: its values, for people.
    """

    id: int
    sender: Sender
    trait: str
    key: str
    values: list[str]
    label: str
    words: str


def choose_senders(asked: Mapping[int, Written]) -> dict[int, From]:
    """Return who each message is from, by the key asked for; empty where nobody is set up.

    A template that names its sender is from them, whatever the rules say. One statement while there
    is no rule, and one more for each kind of thing that rules look at.
    """
    templates = array({one.template_id for one in asked.values()})
    rows = run_sql("messaging.find_senders", template_ids=templates) if asked else []
    usual = next((From(*row[:5]) for row in rows if row.is_default), None)
    if usual is None:
        return {}
    rules = [
        Rule(row.rule_id, row.id, row.trait, row.key, fold(row.wanted))
        for row in rows
        if row.rule_id
    ]
    named = {row.template_id: _chosen(row) for row in rows if row.template_id}
    own = {key: named[one.template_id] for key, one in asked.items() if one.template_id in named}
    asked = {key: one for key, one in asked.items() if key not in own}
    if not rules or not asked:
        return dict.fromkeys(asked, usual) | own
    senders = {row.id: _chosen(row) for row in rows if row.rule_id}
    traits = find_traits({rule.name for rule in rules}, asked)
    found = {key: find_rule(rules, traits[key]) for key in asked}
    return own | {key: senders[rule.sender_id] if rule else usual for key, rule in found.items()}


def find_ruled_senders() -> frozenset[int]:
    """Return the ids of the senders that rules name."""
    return frozenset(SenderRule.objects.values_list("sender_id", flat=True))


def explain_senders(people: Sequence[Recipient]) -> list[tuple[Recipient, From, RuleRow | None]]:
    """Return who writes to each of some people and by which rule; None means the default.

    Returns:
        Empty where no sender is set up.
    """
    default = Sender.objects.filter(is_default=True).first()
    if default is None or not people:
        return []
    rows = {row.id: row for row in list_rules()}
    rules = [_rule(row) for row in rows.values()]
    asked = {person.id: Written(person, 0) for person in people}
    traits = find_traits({rule.name for rule in rules}, asked)
    found = []
    for person in people:
        met = find_rule(rules, traits[person.id])
        row = rows[met.id] if met is not None else None
        sender = as_from(row.sender, is_chosen=True) if row is not None else as_from(default)
        found.append((person, sender, row))
    return found


def list_rules() -> list[RuleRow]:
    """Return the rules of the active tenant in their order, in words."""
    rows = list(SenderRule.objects.select_related("sender").order_by("position", "pk"))
    if not rows:
        return []
    traits = list_traits({row.trait for row in rows})
    labels = {key: label for key, label, _ in traits}
    named = {key: dict(choices) for key, _, choices in traits}
    return [
        RuleRow(
            row.pk,
            row.sender,
            row.trait,
            row.key,
            row.wanted,
            row.key if row.trait == PROPERTY else labels.get(row.trait, row.trait),
            ", ".join(named.get(row.trait, {}).get(value, value) for value in row.wanted),
        )
        for row in rows
    ]


def as_from(sender: Sender, *, is_chosen: bool = False) -> From:
    """Return a sender as messages carry it."""
    return From(
        sender.pk, sender.name, sender.email, sender.reply_to, sender.postal_address, is_chosen
    )


def _chosen(row: Any) -> From:
    return replace(From(*row[:5]), is_chosen=True)


def _rule(row: RuleRow) -> Rule:
    return Rule(row.id, row.sender.pk, row.trait, row.key, fold(row.values))
