from datetime import datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.domain.permission import counts_from, holds_over
from crm.domain.resolution import Register
from crm.models import ConsentEvent, Event, Identity, Order, Profile, ProfileFacts, Reaction, Store
from crm.services import facts
from crm.services.checks import find_differences
from crm.services.consent import record_consent
from crm.services.erasure import erase_profiles
from crm.services.ids import lock_final_profiles
from crm.services.merging import merge_groups, merge_profiles
from crm.services.parting import unmerge_profile
from kernel import clock
from kernel.errors import Conflict, NotFound
from tests.factories.crm import NOON, apply, customer, make_store, order

LATER = NOON + timedelta(days=1)


@pytest.fixture
def store() -> Store:
    return make_store()


def profile_of(email: str) -> int:
    return Identity.objects.get(kind="email", value_norm=email).profile_id


@pytest.mark.usefixtures("noting_handlers", "tenant")
@pytest.mark.django_db
class TestMerging:
    def two(self, store: Store) -> tuple[int, int]:
        apply(
            store,
            customer("c1", email="ada@example.com", first_name="Ada", created_at=NOON),
            order("1", email="guest@example.com", phone="+447911123456", city="York"),
        )
        ids = profile_of("ada@example.com"), profile_of("guest@example.com")
        facts.refresh_facts(ids, NOON)
        return ids

    def test_everything_moves_to_the_winner(self, store: Store) -> None:
        winner, loser = self.two(store)

        (merge_id,) = merge_profiles([(winner, loser)], rule="manual", now=LATER)

        assert set(Identity.objects.values_list("profile_id", flat=True)) == {winner}
        assert Order.objects.get().profile_id == winner
        assert set(Event.objects.values_list("profile_id", flat=True)) == {winner}
        kept, gone = Profile.objects.get(pk=winner), Profile.objects.get(pk=loser)
        assert (kept.email, kept.phone, kept.first_name, kept.city) == (
            "ada@example.com",
            "+447911123456",
            "Ada",
            "York",
        )
        assert (gone.merged_into_id, gone.email) == (winner, "")
        assert merge_id > 0
        facts.refresh_facts([loser], LATER)
        Reaction.objects.all().delete()
        row = ProfileFacts.objects.get()
        assert (row.profile_id, row.order_count) == (winner, 1)
        assert find_differences() == []

    def test_permission_ends_as_the_most_restrictive(self, store: Store) -> None:
        winner, loser = self.two(store)
        with clock.simulated(NOON):
            record_consent(loser, "email", "unsubscribed", method="one_click")
        with clock.simulated(NOON + timedelta(hours=5)):
            record_consent(winner, "email", "subscribed", method="api")

        merge_profiles([(winner, loser)], rule="manual", now=LATER)

        kept = Profile.objects.get(pk=winner)
        assert (kept.email_consent, kept.email_consent_at) == ("unsubscribed", LATER)
        history = ConsentEvent.objects.filter(profile_id=winner).order_by("occurred_at")
        assert [each.method for each in history] == ["one_click", "api", "merge"]
        assert [each for each in find_differences() if "consent" in each] == []

    def test_an_old_id_resolves_to_the_last_winner(self, store: Store) -> None:
        winner, loser = self.two(store)
        apply(store, order("2", email="third@example.com"))
        third = profile_of("third@example.com")

        merge_profiles([(winner, loser)], rule="manual", now=NOON)
        merge_profiles([(third, winner)], rule="manual", now=NOON)

        assert lock_final_profiles([loser, winner, third]) == dict.fromkeys(
            (loser, winner, third), third
        )

    def test_chains_in_one_call_end_at_one_winner(self, store: Store) -> None:
        first, second = self.two(store)
        apply(store, order("2", email="third@example.com"))
        third = profile_of("third@example.com")

        merge_profiles([(first, second), (third, first), (third, second)], rule="api", now=NOON)

        assert set(Order.objects.values_list("profile_id", flat=True)) == {third}
        assert Profile.objects.get(merged_into=None).pk == third

    def test_a_repeat_and_itself_merge_nothing(self, store: Store) -> None:
        winner, loser = self.two(store)
        merge_profiles([(winner, loser)], rule="manual", now=NOON)

        assert merge_profiles([(winner, loser), (winner, winner)], rule="manual", now=NOON) == []

    def test_an_unknown_profile_is_refused_and_nothing_moves(self, store: Store) -> None:
        winner, loser = self.two(store)

        with pytest.raises(NotFound):
            merge_profiles([(winner, loser), (winner, 4711)], rule="manual", now=NOON)
        assert Order.objects.get().profile_id == loser

    def test_a_rule_leaves_out_whoever_was_erased_and_merges_the_others(self, store: Store) -> None:
        winner, loser = self.two(store)
        apply(store, order("2", email="third@example.com"), order("3", email="fourth@example.com"))
        third, fourth = profile_of("third@example.com"), profile_of("fourth@example.com")
        merge_profiles([(third, fourth)], rule="manual", now=NOON)
        erase_profiles([third], now=NOON)

        pairs = [(third, loser), (winner, loser), (winner, fourth)]
        assert len(merge_profiles(pairs, rule="rule:name", now=NOON)) == 1
        kept = merge_groups([([third, winner], "email")], now=NOON)

        assert Profile.objects.get(pk=loser).merged_into_id == winner
        assert kept == {third: winner, winner: winner}
        alone = Profile.objects.filter(merged_into=None).values_list("pk", flat=True)
        assert set(alone) == {winner, third}
        assert Profile.objects.get(pk=third).email == ""

    def test_a_merge_is_undone(self, store: Store) -> None:
        winner, loser = self.two(store)
        (merge_id,) = merge_profiles([(winner, loser)], rule="manual", now=NOON)

        assert unmerge_profile(merge_id, now=LATER) == loser

        kept, back = Profile.objects.get(pk=winner), Profile.objects.get(pk=loser)
        assert (kept.phone, kept.city, kept.email) == ("", "", "ada@example.com")
        assert (back.email, back.phone, back.merged_into_id) == (
            "guest@example.com",
            "+447911123456",
            None,
        )
        assert Order.objects.get().profile_id == loser
        assert profile_of("guest@example.com") == loser
        with pytest.raises(Conflict):
            unmerge_profile(merge_id, now=LATER)

    def test_an_old_merge_stays(self, store: Store) -> None:
        winner, loser = self.two(store)
        (merge_id,) = merge_profiles([(winner, loser)], rule="manual", now=NOON)

        with pytest.raises(Conflict):
            unmerge_profile(merge_id, now=NOON + timedelta(days=31))
        assert Order.objects.get().profile_id == winner


KEYS = st.lists(
    st.tuples(st.sampled_from(["email", "phone"]), st.sampled_from("abcdef")),
    min_size=1,
    max_size=3,
    unique=True,
)


@given(st.lists(KEYS, min_size=1, max_size=12))
def test_claims_that_share_an_identifier_are_one_person(
    claims: list[list[tuple[str, str]]],
) -> None:
    register = Register(store_id=1)
    persons = [person for keys in claims if (person := register.resolve(keys))]

    groups: list[set[tuple[str, str]]] = []
    for keys in claims:
        joined = [group for group in groups if group & set(keys)]
        groups = [group for group in groups if group not in joined]
        groups.append(set(keys).union(*joined))
    if any(sum(kind == "email" for kind, _ in group) > 5 for group in groups):
        return
    assert len({id(person.final()) for person in persons}) == len(groups)
    for keys, person in zip(claims, persons, strict=True):
        assert set(keys) <= person.final().keys.keys()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["subscribed", "unsubscribed", "pending", "withdrawn"]),
            st.none() | st.integers(0, 3),
        ),
        min_size=1,
        max_size=4,
        unique=True,
    )
)
def test_the_order_of_statements_plays_no_part(said: list[tuple[str, int | None]]) -> None:
    outcomes = set()
    for order_ in permutations(said):
        held: tuple[str, datetime | None] = ("never", None)
        for state, hours in order_:
            at = None if hours is None else NOON + timedelta(hours=hours)
            new = (state, counts_from(state, at, LATER))
            if holds_over(new, held):
                held = new
        outcomes.add(held)
    assert len(outcomes) == 1
