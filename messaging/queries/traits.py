"""What is known of people by which their sender and what they are shown can be chosen.

Looked up for any number of messages at once, in one statement for each kind of thing.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from django.db.models.fields.json import KeyTransform

from crm.models import Identity, Order, Profile, Store
from messaging.domain.sender_rules import COUNTRY, LANGUAGE, PROPERTY, STORE, fold
from messaging.panels import list_sender_traits
from messaging.types import Recipient

OWN_TRAITS = ((COUNTRY, "Country"), (STORE, "Store"), (PROPERTY, "Property"))
TYPED = frozenset({COUNTRY, LANGUAGE, PROPERTY})
"""Traits whose values are typed rather than chosen from a list."""


class Written(NamedTuple):
    """Who is written to, and about which order and with which template; 0 for none."""

    person: Recipient
    order_id: int
    template_id: int = 0


class Trait(NamedTuple):
    """Something of people that can be asked for; no choices: its values are typed."""

    key: str
    label: str
    choices: list[tuple[str, str]]


def list_traits(only: Collection[str] | None = None, *, for_content: bool = False) -> list[Trait]:
    """Return what there is to choose by.

    Args:
        only: keys of those that are asked for; None for all that there are.
        for_content: with those by which content alone is chosen.
    """
    told: list[tuple[str, str, Callable[[], Sequence[tuple[str, str]]]]] = [
        (each.key, each.label, each.list_choices)
        for each in list_sender_traits()
        if for_content or not each.is_for_content
    ]
    own = (*OWN_TRAITS, (LANGUAGE, "Language")) if for_content else OWN_TRAITS
    told += [(key, label, _list_stores if key == STORE else list) for key, label in own]
    asked = [each for each in told if only is None or each[0] in only]
    found = [Trait(key, label, list(choices())) for key, label, choices in asked]
    return [each for each in found if each.choices or each.key in TYPED]


def find_traits(
    names: Collection[str], asked: Mapping[int, Written]
) -> dict[int, dict[str, frozenset[str]]]:
    """Return what of some people is asked for, in one statement a kind.

    Args:
        names: a trait, a colon, and the key of a property: ``country:``, ``property:owner``.
        asked: who, by any number.

    Returns:
        By the number the values, by name, as `fold` writes them; what is missing has none.
    """
    found: dict[int, dict[str, frozenset[str]]] = {
        key: {f"{COUNTRY}:": fold(one.person.country)} for key, one in asked.items()
    }
    people = {one.person.id for one in asked.values()} - {0}
    kinds = {name.partition(":")[0] for name in names}
    if LANGUAGE in kinds:
        for key, one in asked.items():
            locale = one.person.locale.replace("_", "-")
            found[key][f"{LANGUAGE}:"] = fold([locale, locale.partition("-")[0]])
    if STORE in kinds:
        _add_stores(found, asked, people)
    if PROPERTY in kinds:
        prefix = f"{PROPERTY}:"
        keys = {name.removeprefix(prefix) for name in names if name.startswith(prefix)}
        _add_properties(found, asked, keys)
    for trait in list_sender_traits():
        if trait.key in kinds:
            said = trait.find(people)
            for key, one in asked.items():
                found[key][f"{trait.key}:"] = fold(said.get(one.person.id, ""))
    return found


def _list_stores() -> list[tuple[str, str]]:
    rows = Store.objects.order_by("name", "pk").values_list("pk", "name")
    return [(str(pk), name) for pk, name in rows]


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
