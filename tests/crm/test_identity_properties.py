"""Any order of delivery, repetition and merging of the same records ends in the same people.

Each example draws what some people leave behind in two stores and on a site, delivers it in two
orders, with repetitions and in batches of any size, and compares who is who and what they are
worth. `bin/test tests/crm/test_identity_properties.py --hypothesis-profile many` looks at a
thousand examples.

Left out is what cannot be independent of the order, because the first who brings it keeps it: an
address that customers of one store share, and more addresses than one person may have.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any

from django.db.models import F
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from crm.models import (
    ConsentEvent,
    Event,
    Identity,
    Note,
    Order,
    ProbableDuplicate,
    Profile,
    ProfileFacts,
    Refund,
    Store,
    Touchpoint,
)
from crm.services.checks import find_differences
from crm.services.facts import refresh_facts
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.types import Record, TrackedRecord
from kernel.arrays import array
from kernel.sql import run_sql
from tests.factories.crm import NOON, apply, customer, make_store, order, refund

EXAMPLES = 10 if settings.get_current_profile_name() == "patron" else settings().max_examples
LOOKED_AT = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    # Each example is some seconds of deliveries: to make a failing one smaller takes too long.
    phases=[Phase.explicit, Phase.generate],
)
HOUR = timedelta(hours=1)
PEOPLE = 4
MERGED = ((0, 1), (2, 3))
"""Who may be merged by hand: so that nobody has more addresses than one person may."""
runs = count(1)

PERSON = st.integers(0, PEOPLE - 1)
ADDRESSES = st.lists(st.sampled_from("ab"), max_size=2, unique=True)
TIMES = st.integers(0, 9)
CONSENTS = st.sampled_from(["", "subscribed", "unsubscribed"])


@dataclass(frozen=True)
class Said:
    """What one record is made of; a person has a customer id in one store."""

    kind: str
    person: int
    addresses: Sequence[str] = ()
    has_phone: bool = False
    is_customer: bool = False
    hour: int = 0
    consent: str = ""

    @property
    def number(self) -> str:
        """Name of an order: what is said of one never changes, or its versions would matter."""
        parts = [*self.addresses, *"p" * self.has_phone, *"c" * self.is_customer]
        return f"{self.person}{''.join(parts)}{self.hour}"


@dataclass(frozen=True)
class Together:
    """That a member makes one person of two, as soon as both are there."""

    winner: int
    loser: int


SAID = st.builds(
    Said,
    kind=st.sampled_from(["customer", "order", "refunded", "visit", "login"]),
    person=PERSON,
    addresses=ADDRESSES,
    has_phone=st.booleans(),
    is_customer=st.booleans(),
    hour=TIMES,
    consent=CONSENTS,
)


class World:
    """One tenant's stores under names of their own, so that examples do not meet."""

    def __init__(self) -> None:
        self.run = next(runs)
        self.phones = f"+44791{self.run % 100_000:05}"
        self.stores = [make_store(f"{self.run} {number}") for number in range(2)]

    def email(self, person: int, which: str) -> str:
        return f"{which}{person}@run{self.run}.example"

    def deliver(self, steps: Sequence[Said | Together], sizes: Sequence[int]) -> None:
        """Deliver in batches of these sizes, one store after the other within each."""
        wanted = [step for step in steps if isinstance(step, Together)]
        todo = list(steps)
        for size in [*sizes, len(todo)]:
            batch, todo = todo[: size + 1], todo[size + 1 :]
            for store in self.stores:
                records = [
                    record
                    for step in batch
                    if isinstance(step, Said) and self.store_of(step) == store
                    for record in self.records(step)
                ]
                if records:
                    apply(store, *records)
            for step in batch:
                if isinstance(step, Together):
                    self.merge(step)
        for step in wanted:
            self.merge(step)

    def store_of(self, said: Said) -> Store:
        return self.stores[said.person % 2]

    def records(self, said: Said) -> list[Record]:
        who = said.person
        emails = [self.email(who, which) for which in said.addresses]
        phone = f"{self.phones}{who:02}" if said.has_phone else ""
        at = NOON + said.hour * HOUR
        if said.kind in ("visit", "login"):
            typed = self.email(who, "a") if said.kind == "login" else ""
            return [
                TrackedRecord(
                    occurred_at=at,
                    who=customer("", version_at=at, email=typed),
                    anonymous_ids=[f"{self.run}-browser-{who}"],
                    name="Product Viewed",
                    dedupe_key=f"{self.run}:{said!r}",
                )
            ]
        known = customer(
            f"c{who}",
            version_at=at,
            email=emails[0] if emails else "",
            phone=phone,
            first_name=f"Name {said.hour}",
            email_consent=said.consent,
            consent_at=at if said.consent else None,
        )
        if said.kind == "customer":
            return [known]
        if said.kind == "refund":
            return [refund(f"r{said.number}", order_external_id=said.number)]
        named: dict[str, Any] = {"email": "".join(emails[:1]), "phone": phone}
        if said.is_customer or not (emails or phone):
            named = {"customer": known, "email": "".join(emails[1:])}
        return [order(said.number, ordered_at=at, version_at=at, **named)]

    def merge(self, step: Together) -> None:
        ids = [self.profile_of(who) for who in (step.winner, step.loser)]
        if ids[0] and ids[1]:
            merge_profiles([(ids[0], ids[1])], rule="manual", now=NOON)

    def profile_of(self, person: int) -> int | None:
        found = Identity.objects.filter(value_norm=self.email(person, "a"))
        return found.values_list("profile_id", flat=True).first()

    def people(self, *, has_merges: bool) -> list[Any]:
        """Return who is who and what they are worth, without ids and names of this run.

        A merge by hand keeps the values of the one who stays, and the stricter consent of what
        both had said until then: what each said is compared where nobody was merged by hand.
        """
        names = {f"{store.pk}:": f"store {place}:" for place, store in enumerate(self.stores)}
        ids = sorted(self._ids())
        bring_up_to_date(ids)
        return sorted(
            (self._describe(profile_id, names, has_merges) for profile_id in ids), key=repr
        )

    def _ids(self) -> set[int]:
        mine = Identity.objects.filter(
            value_norm__contains=f"run{self.run}.example"
        ) | Identity.objects.filter(value_norm__startswith=f"{self.run}-browser")
        of_stores = Identity.objects.filter(store__in=self.stores)
        phones = Identity.objects.filter(value_norm__startswith=self.phones)
        return {
            profile_id
            for rows in (mine, of_stores, phones)
            for profile_id in rows.values_list("profile_id", flat=True)
        }

    def _describe(self, profile_id: int, names: dict[str, str], has_merges: bool) -> Any:
        profile = Profile.objects.get(pk=profile_id)
        facts = ProfileFacts.objects.filter(profile_id=profile_id).values_list(
            "order_count",
            "gross_minor",
            "refunded_minor",
            "net_minor",
            "first_order_at",
            "last_order_at",
            "days_between_orders",
            "categories",
        )
        events = Event.objects.filter(profile_id=profile_id).exclude(source="system")
        told = events.exclude(name__in=["Profile Created", "Profile Updated", "Consent Changed"])
        identities = Identity.objects.filter(profile_id=profile_id)
        return (
            sorted(self._plain(f"{row.kind} {row.value_norm}", names) for row in identities),
            sorted(
                Order.objects.filter(profile_id=profile_id).values_list("external_id", flat=True)
            ),
            sorted(
                Refund.objects.filter(profile_id=profile_id).values_list("external_id", flat=True)
            ),
            list(facts),
            sorted(told.exclude(name="Order Updated").values_list("name", "occurred_at")),
            profile.is_anonymous,
            profile.created_at,
            has_merges or (profile.first_name, profile.email_consent, profile.email_consent_at),
        )

    def _plain(self, text: str, names: dict[str, str]) -> str:
        for old, new in names.items():
            text = text.replace(f"customer_id {old}", f"customer_id {new}")
        text = text.replace(f"run{self.run}.example", "run.example")
        return text.replace(f"{self.run}-browser", "browser").replace(self.phones, "+44 ")


@LOOKED_AT
@given(data=st.data())
def test_any_order_of_delivery_repetition_and_merging_ends_in_the_same_people(
    tenant: object, noting_handlers: object, data: st.DataObject
) -> None:
    said = spell_out(data.draw(st.lists(SAID, min_size=2, max_size=8), label="said"))
    merges = data.draw(st.lists(st.sampled_from(MERGED), max_size=2), label="merges")
    steps: list[Said | Together] = [*said, *(Together(*pair) for pair in merges)]
    repeated = data.draw(st.lists(st.sampled_from(steps), max_size=4), label="repeated")
    shuffled = data.draw(st.permutations([*steps, *repeated]), label="shuffled")
    sizes = data.draw(st.lists(st.integers(0, 3), max_size=4), label="sizes")

    one, other = World(), World()
    one.deliver(steps, [])
    other.deliver(shuffled, sizes)

    has_merges = bool(merges)
    assert one.people(has_merges=has_merges) == other.people(has_merges=has_merges)
    assert find_differences() == []


@LOOKED_AT
@given(said=st.lists(SAID, min_size=2, max_size=9), pair=st.sampled_from(MERGED))
def test_a_merge_that_is_undone_gives_back_what_was(
    tenant: object, noting_handlers: object, said: list[Said], pair: tuple[int, int]
) -> None:
    world = World()
    world.deliver(spell_out(said), [])
    ids = [world.profile_of(person) for person in pair]
    if not (ids[0] and ids[1]):
        return
    before = everything()
    [merge_id] = merge_profiles([(ids[0], ids[1])], rule="manual", now=NOON + 40 * HOUR)
    assert everything() != before

    unmerge_profile(merge_id, now=NOON + 41 * HOUR)

    assert everything() == before
    assert find_differences() == []


def spell_out(said: list[Said]) -> list[Said]:
    """Return an order and its refund as two records."""
    return [
        replace(each, kind=kind)
        for each in said
        for kind in (("order", "refund") if each.kind == "refunded" else (each.kind,))
    ]


def bring_up_to_date(profile_ids: Sequence[int]) -> None:
    """Let figures follow, as the handlers of the events do."""
    refresh_facts(profile_ids, NOON + 30 * HOUR)
    run_sql("crm.refresh_behaviour", ids=array(profile_ids))


def everything() -> dict[str, list[Any]]:
    """Return every row that a merge may touch, but for when it was written and what was told."""
    people = Profile.objects.order_by("pk")
    fields = [field.attname for field in Profile._meta.fields if field.name != "updated_at"]
    facts = ProfileFacts.objects.filter(profile__merged_into=None).order_by("profile_id")
    bring_up_to_date(sorted(people.filter(merged_into=None).values_list("pk", flat=True)))
    own = [field.attname for field in ProfileFacts._meta.fields if field.name != "refreshed_at"]
    told = Event.objects.exclude(name="Profile Merged")
    owned = {
        each.__name__: list(each.objects.order_by("pk").values_list("pk", F("profile_id")))
        for each in (Order, Refund, Identity, ConsentEvent, Note, Touchpoint)
    }
    return {
        **owned,
        "Event": list(told.order_by("pk").values_list("pk", "profile_id")),
        "Profile": list(people.values(*fields)),
        "ProfileFacts": list(facts.values(*own)),
        "ProbableDuplicate": list(
            ProbableDuplicate.objects.order_by("pk").values_list("one_id", "other_id", "status")
        ),
    }


def test_many_examples_are_a_profile_of_their_own() -> None:
    assert settings.get_profile("many").max_examples > settings.get_profile("patron").max_examples
