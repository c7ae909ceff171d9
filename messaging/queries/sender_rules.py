"""Who each message is from: the rules of the tenant, for any number of messages at once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from django.db.models.fields.json import KeyTransform

from crm.models import Identity, Order, Profile, Store
from kernel.sql import run_sql
from messaging.domain.sender_rules import COUNTRY, PROPERTY, STORE, Rule, find_rule, fold
from messaging.models import Sender, SenderRule
from messaging.panels import list_sender_traits
from messaging.types import From, Recipient

OWN_TRAITS = ((COUNTRY, "Country"), (STORE, "Store"), (PROPERTY, "Property"))


class Written(NamedTuple):
    """Who is written to, and about which order; 0 for none."""

    person: Recipient
    order_id: int


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

    One statement while there is no rule, and one more for each kind of thing that rules look at.
    """
    rows = run_sql("messaging.find_senders") if asked else []
    usual = next((From(*row[:5]) for row in rows if row.is_default), None)
    if usual is None:
        return {}
    rules = [
        Rule(row.rule_id, row.id, row.trait, row.key, fold(row.wanted))
        for row in rows
        if row.rule_id
    ]
    if not rules:
        return dict.fromkeys(asked, usual)
    senders = {row.id: replace(From(*row[:5]), is_chosen=True) for row in rows if row.rule_id}
    traits = find_traits(rules, asked)
    found = {key: find_rule(rules, traits[key]) for key in asked}
    return {key: senders[rule.sender_id] if rule else usual for key, rule in found.items()}


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
    traits = find_traits(rules, {person.id: Written(person, 0) for person in people})
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


def list_traits(
    only: Collection[str] | None = None,
) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Return key, label and choices of what rules can look at; no choices: it is typed.

    Args:
        only: keys of those that are asked for; None for all that there are.
    """
    told: list[tuple[str, str, Callable[[], Sequence[tuple[str, str]]]]] = [
        (each.key, each.label, each.list_choices) for each in list_sender_traits()
    ]
    own = [(key, label, _list_stores if key == STORE else list) for key, label in OWN_TRAITS]
    asked = [each for each in (*told, *own) if only is None or each[0] in only]
    found = [(key, label, list(choices())) for key, label, choices in asked]
    typed = {COUNTRY, PROPERTY}
    return [each for each in found if each[2] or each[0] in typed]


def _list_stores() -> list[tuple[str, str]]:
    rows = Store.objects.order_by("name", "pk").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows]


def find_traits(
    rules: Sequence[Rule], asked: Mapping[int, Written]
) -> dict[int, dict[str, frozenset[str]]]:
    """Return what rules look at, of each person asked for, in one statement a kind."""
    names = {rule.trait for rule in rules}
    found: dict[int, dict[str, frozenset[str]]] = {
        key: {f"{COUNTRY}:": fold(one.person.country)} for key, one in asked.items()
    }
    people = {one.person.id for one in asked.values()} - {0}
    if STORE in names:
        _add_stores(found, asked, people)
    if PROPERTY in names:
        _add_properties(found, asked, {rule.key for rule in rules if rule.trait == PROPERTY})
    for trait in list_sender_traits():
        if trait.key in names:
            said = trait.find(people)
            for key, one in asked.items():
                found[key][f"{trait.key}:"] = fold(said.get(one.person.id, ""))
    return found


def as_from(sender: Sender, *, is_chosen: bool = False) -> From:
    """Return a sender as messages carry it."""
    return From(
        sender.pk, sender.name, sender.email, sender.reply_to, sender.postal_address, is_chosen
    )


def _rule(row: RuleRow) -> Rule:
    return Rule(row.id, row.sender.pk, row.trait, row.key, fold(row.values))


def _add_stores(
    found: dict[int, dict[str, frozenset[str]]],
    asked: Mapping[int, Written],
    people: Collection[int],
) -> None:
    """Add the store of the order that a message is about, else those that know the person."""
    orders = {one.order_id for one in asked.values()} - {0}
    of_orders = dict(Order.objects.filter(pk__in=orders).values_list("pk", "store_id"))
    known: dict[int, list[str]] = {}
    rows = Identity.objects.filter(profile_id__in=people, store_id__isnull=False)
    for profile_id, store_id in rows.values_list("profile_id", "store_id").distinct():
        known.setdefault(profile_id, []).append(str(store_id))
    for key, one in asked.items():
        of_order = of_orders.get(one.order_id)
        own = [str(of_order)] if of_order else known.get(one.person.id, [])
        found[key][f"{STORE}:"] = fold(own)


def _add_properties(
    found: dict[int, dict[str, frozenset[str]]],
    asked: Mapping[int, Written],
    keys: Collection[str],
) -> None:
    names = sorted(keys)
    places = {
        f"said_{number}": KeyTransform(name, "properties") for number, name in enumerate(names)
    }
    people = {one.person.id for one in asked.values()} - {0}
    rows = Profile.objects.filter(pk__in=people).annotate(**places)
    said = {row[0]: row[1:] for row in rows.values_list("pk", *places)}
    for key, one in asked.items():
        for name, value in zip(names, said.get(one.person.id, ()), strict=False):
            found[key][f"{PROPERTY}:{name}"] = fold(value)
