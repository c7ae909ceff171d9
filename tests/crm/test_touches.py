from dataclasses import replace
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.domain.touches import origin_of_order, read_origin
from crm.models import Identity, Order, Profile, ProfileFacts, ProfileMerge, Store, Touchpoint
from crm.services.checks import find_differences
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from crm.services.touches import record_touches
from crm.types import NewTouch, Origin
from kernel.scope import tenant_scope
from tenants.models import Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("landing", "referrer", "source", "medium"),
    [
        ("/?utm_source=news&utm_medium=email&utm_campaign=May", "", "news", "email"),
        ("/?UTM_SOURCE=news", "https://www.google.com/", "news", ""),
        ("/?gclid=abc", "https://www.google.com/", "google", "cpc"),
        ("/?fbclid=abc", "", "facebook", "social"),
        ("/", "https://www.google.co.uk/search?q=soap", "google", "organic"),
        ("/", "https://l.instagram.com/", "instagram", "social"),
        ("/", "https://t.co/x", "twitter", "social"),
        ("/", "android-app://com.google.android.gm/", "google", "organic"),
        ("/", "https://blog.example/best-soaps?me=ada", "blog.example", "referral"),
        ("/", "", "direct", ""),
        ("https://soap.example/a", "https://www.soap.example/b", "direct", ""),
        ("/", "https://checkout.soap.example/", "direct", ""),
        ("/", "http://[", "direct", ""),
        ("/", "javascript:alert(1)", "direct", ""),
        ("/?utm_campaign=May", "https://news.example/", "news.example", ""),
    ],
)
def test_source_and_medium_of_a_visit(
    landing: str, referrer: str, source: str, medium: str
) -> None:
    found = read_origin(landing, referrer, own_hosts=["soap.example"])
    assert found is not None
    assert (found.source, found.medium) == (source, medium)


def test_a_visit_of_which_nothing_is_known_is_none() -> None:
    assert read_origin("", "") is None
    assert read_origin(" ", "https://soap.example/", own_hosts=["soap.example"]) is None


def test_queries_are_left_out_of_what_is_kept() -> None:
    found = read_origin(
        "https://soap.example/oils?email=ada@example.com&utm_source=a#x",
        "https://mail.example/read?token=secret",
    )
    assert found == Origin(
        source="a",
        landing_page="https://soap.example/oils",
        referrer="https://mail.example/read",
    )


def test_words_beside_the_address_win_over_its_query() -> None:
    found = read_origin("/?utm_source=a&utm_term=soap", "", {"utm_source": "b", "utm_content": ""})
    assert found == Origin(source="b", term="soap", landing_page="/")


def test_a_purchase_at_a_till_comes_from_there() -> None:
    assert origin_of_order({}, "pos") == Origin("pos", "offline")
    assert origin_of_order({"utm_source": "flyer"}, "pos") == Origin("flyer")
    assert origin_of_order({}, "online") is None


@given(st.text(max_size=60), st.text(max_size=60), st.dictionaries(st.text(), st.text()))
def test_any_text_is_read_and_bounded(landing: str, referrer: str, words: dict[str, str]) -> None:
    found = read_origin(landing, referrer, words)
    assert found is None or (found.source and "?" not in found.landing_page + found.referrer)


@pytest.fixture
def store() -> Store:
    return make_store()


def profile_of(email: str) -> int:
    return Identity.objects.get(kind="email", value_norm=email).profile_id


def touches_of(profile_id: int) -> tuple[str | None, str | None]:
    """Return the campaign of first and last touch."""
    facts = ProfileFacts.objects.get(profile_id=profile_id)
    first, last = facts.first_touch, facts.last_touch
    return first and first["campaign"], last and last["campaign"]


def visit(
    key: str, profile_id: int, at: datetime, campaign: str = "", source: str = "news"
) -> NewTouch:
    return NewTouch(key, profile_id, at, Origin(source, campaign=campaign))


def campaign(name: str) -> dict[str, str]:
    return {"landing_site": f"/?utm_source=news&utm_campaign={name}"}


@pytest.mark.usefixtures("noting_handlers", "tenant")
@pytest.mark.django_db
class TestTouches:
    def test_an_order_tells_where_its_person_came_from(self, store: Store) -> None:
        apply(
            store,
            order(
                attribution={
                    "landing_site": "/oils?utm_source=news&utm_medium=email&x=1",
                    "referrer": "https://mail.example/?m=1",
                    "utm_campaign": "May",
                }
            ),
        )
        facts = ProfileFacts.objects.get()
        assert facts.first_touch == {
            "source": "news",
            "medium": "email",
            "campaign": "May",
            "content": "",
            "term": "",
            "at": "2026-03-01T12:00:00Z",
            "landing_page": "/oils",
            "referrer": "https://mail.example/",
        }
        assert facts.last_touch == facts.first_touch
        assert find_differences() == []

    def test_the_first_touch_stays_and_the_last_one_moves(self, store: Store) -> None:
        apply(store, order("1", attribution=campaign("a")))
        apply(store, order("2", ordered_at=NOON + HOUR, attribution=campaign("b")))
        assert touches_of(profile_of("ada@example.com")) == ("a", "b")
        apply(store, order("0", ordered_at=NOON - HOUR, attribution=campaign("c")))
        assert touches_of(profile_of("ada@example.com")) == ("c", "b")
        assert find_differences() == []

    def test_a_direct_visit_takes_no_known_sources_place(self, store: Store) -> None:
        apply(store, order("1", attribution=campaign("a")))
        apply(store, order("2", ordered_at=NOON + HOUR, attribution={"landing_site": "/"}))
        assert touches_of(profile_of("ada@example.com")) == ("a", "a")

    @pytest.mark.parametrize("changed", [{"is_test": True}, {"attribution": None}])
    def test_an_order_that_tells_nothing_any_more_takes_its_touch_back(
        self, store: Store, changed: dict[str, Any]
    ) -> None:
        apply(store, order(attribution=campaign("a")))
        again = order(attribution=campaign("a"), version_at=NOON + HOUR)
        apply(store, replace(again, **changed))
        assert touches_of(profile_of("ada@example.com")) == (None, None)
        assert Touchpoint.objects.count() == 0
        assert find_differences() == []

    def test_test_orders_and_orders_of_nobody_make_none(self, store: Store) -> None:
        apply(
            store,
            order("1", is_test=True, attribution=campaign("a")),
            order("2", email="", attribution=campaign("a")),
        )
        assert Touchpoint.objects.count() == 0

    def test_an_order_that_changes_hands_takes_its_touch_along(self, store: Store) -> None:
        apply(store, order(attribution=campaign("a")))
        ada = profile_of("ada@example.com")
        later = NOON + HOUR
        apply(store, order(email="bob@example.com", version_at=later, attribution=campaign("a")))
        assert touches_of(profile_of("bob@example.com")) == ("a", "a")
        assert touches_of(ada) == (None, None)
        assert find_differences() == []

    def test_a_repeat_of_a_visit_changes_nothing(self, store: Store) -> None:
        apply(store, customer("c1", email="ada@example.com"))
        ada = profile_of("ada@example.com")
        first = visit("visit:1", ada, NOON, "a")
        assert record_touches([first, visit("visit:9", 2**40, NOON)]) == [ada]
        assert record_touches([first]) == []
        assert Touchpoint.objects.count() == 1

    def test_a_merge_keeps_the_earliest_and_an_undo_parts_them(self, store: Store) -> None:
        apply(store, order("1", attribution=campaign("a")))
        apply(
            store,
            order(
                "2",
                email="bob@example.com",
                ordered_at=NOON - HOUR,
                attribution=campaign("b"),
            ),
        )
        ada, bob = profile_of("ada@example.com"), profile_of("bob@example.com")

        merge_profiles([(ada, bob)], rule="manual", now=NOON)
        assert touches_of(ada) == ("b", "a")
        assert not ProfileFacts.objects.filter(profile_id=bob).exists()
        assert find_differences() == []
        record_touches([visit("visit:1", bob, NOON + HOUR, "late")])
        assert touches_of(ada) == ("b", "late")

        unmerge_profile(ProfileMerge.objects.get().pk, now=NOON)
        assert touches_of(ada) == ("a", "late")
        assert touches_of(bob) == ("b", "b")
        assert Order.objects.get(external_id="2").profile_id == bob
        assert find_differences() == []

    def test_erasing_forgets_the_visits(self, store: Store) -> None:
        apply(store, order(attribution=campaign("a")))
        erase_profiles([profile_of("ada@example.com")], now=NOON)
        assert Touchpoint.objects.count() == 0
        assert record_touches([visit("visit:2", Profile.objects.get().pk, NOON)]) == []
        assert find_differences() == []

    def test_a_wrong_touch_is_named(self, store: Store) -> None:
        apply(store, order(attribution=campaign("a")))
        ProfileFacts.objects.update(last_touch=None)
        (line,) = find_differences()
        assert line.startswith(f"last touch of profile {profile_of('ada@example.com')}: None, ")

    def test_many_visits_cost_the_same_as_one(
        self, store: Store, django_assert_num_queries: Any
    ) -> None:
        apply(store, *[customer(f"c{n}", email=f"{n}@example.com") for n in range(30)])
        ids = list(Profile.objects.order_by("pk").values_list("pk", flat=True))
        record_touches([])
        with django_assert_num_queries(4):
            record_touches([visit(f"visit:{n}", n, NOON) for n in ids])
        with django_assert_num_queries(4):
            record_touches([visit("visit:x", ids[0], NOON)])


def test_any_order_of_arrival_gives_the_same_touches(
    tenant: Tenant, noting_handlers: object, db: None
) -> None:
    outcomes = set()
    for turn, places in enumerate(permutations(range(4))):
        store = make_store(f"Shop {turn}")
        email = f"{turn}@example.com"
        records = [
            order("1", email=email, attribution=campaign("a")),
            order("2", email=email, attribution=campaign("b")),
            order("3", email=email, ordered_at=NOON + HOUR, attribution={"landing_site": "/"}),
            order("1", email=email, version_at=NOON + HOUR, attribution=campaign("c")),
        ]
        for place in places:
            apply(store, records[place])
        outcomes.add(touches_of(profile_of(email)))
    assert outcomes == {("c", "b")}
    assert find_differences() == []


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    moments=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 3), st.booleans()), min_size=1, max_size=8
    ),
    pairs=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3),
    data=st.data(),
)
def test_visits_and_merges_in_any_order_end_in_the_same_touches(
    tenant: Tenant,
    noting_handlers: object,
    db: None,
    moments: list[tuple[int, int, bool]],
    pairs: list[tuple[int, int]],
    data: st.DataObject,
) -> None:
    Touchpoint.objects.all().delete()
    ProfileFacts.objects.all().delete()
    ids = [Profile.objects.create().pk for _ in range(3)]
    todo: list[Any] = [
        visit(
            f"visit:{place}",
            ids[who],
            NOON + hour * HOUR,
            str(place),
            source="direct" if is_direct else "news",
        )
        for place, (who, hour, is_direct) in enumerate(moments)
    ] + [(ids[winner], ids[loser]) for winner, loser in pairs]
    for item in data.draw(st.permutations(todo)):
        if isinstance(item, NewTouch):
            record_touches([item])
        else:
            merge_profiles([item], rule="test", now=NOON)

    roots = {pk: Profile.objects.get(pk=pk).merged_into_id or pk for pk in ids}
    for root in set(roots.values()):
        own = [
            item for item in todo if isinstance(item, NewTouch) and roots[item.profile_id] == root
        ]
        if not own:
            continue
        first = min(own, key=lambda item: (item.occurred_at, item.key))
        last = max(
            own, key=lambda item: (item.origin.source != "direct", item.occurred_at, item.key)
        )
        assert touches_of(root) == (first.origin.campaign, last.origin.campaign)
    assert find_differences() == []


def test_touches_of_another_tenant_are_out_of_reach(
    tenant: Tenant, other_tenant: Tenant, db: None
) -> None:
    with tenant_scope(other_tenant.pk):
        theirs = Profile.objects.create().pk
    with tenant_scope(tenant.pk):
        assert record_touches([visit("visit:1", theirs, NOON)]) == []
    with tenant_scope(other_tenant.pk):
        assert Touchpoint.objects.count() == 0
