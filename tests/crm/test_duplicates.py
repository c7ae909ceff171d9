"""Probable duplicates: who may be whom, how likely, and what people decide."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.domain.likeness import Side, find_reasons, is_one_edit, score
from crm.models import DuplicateSearch, Identity, Order, ProbableDuplicate, Profile, ProfileMerge
from crm.services.duplicates import merge_pairs, reopen, request_search, search_due, set_apart
from crm.services.merging import merge_profiles
from crm.services.parting import unmerge_profile
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import NotFound
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order
from tests.factories.samples import make_order, make_profile
from tests.factories.samples import make_store as make_plain_store
from tests.factories.tenants import sign_in

BASE = "/t/ada-soap/profiles/duplicates/"
ADA = Side(name="ada byron", email="ada.byron@gmail.com", phone="+447911123456")


@pytest.mark.parametrize(
    ("other", "likeness", "reasons"),
    [
        (Side(name="ada byron", email="ada.byron@gmial.com"), 1.0, ["email_typo"]),
        (Side(email="ada.byron@gmail.co"), 0.0, ["email_typo"]),
        (Side(name="bob hope", email="ada.byron@gmial.com"), 0.1, []),
        (Side(name="ada byron", email="ada.byrom@gmail.com"), 1.0, ["email_typo"]),
        (Side(name="bob hope", email="ada.byrom@gmail.com"), 0.1, []),
        (Side(name="ada byron", email="ada.byron2@gmail.com"), 1.0, []),
        (Side(name="x", email="adabyron+news@gmail.com"), 0.0, ["same_mailbox"]),
        (Side(name="ada byron", email="ada.byron@work.example"), 1.0, ["similar_email"]),
        (Side(name="bob hope", email="ada.byron@work.example"), 0.1, []),
        (Side(name="ada byron", email="adabyron@work.example"), 1.0, ["similar_email"]),
        (Side(name="ada byron", raw_phone="07911 123456 (mob)"), 1.0, ["same_phone"]),
        (Side(raw_phone="0044-7911-123456"), 0.0, ["same_phone"]),
        (Side(name="bob hope", raw_phone="07911123456"), 0.1, []),
        (Side(name="ada byron", phone="+447911123456"), 1.0, []),
        (Side(), 0.0, []),
    ],
)
def test_why_two_profiles_may_be_one(other: Side, likeness: float, reasons: list[str]) -> None:
    assert find_reasons(ADA, other, likeness) == reasons
    assert find_reasons(other, ADA, likeness) == reasons


@pytest.mark.parametrize(
    ("one", "other", "reasons"),
    [
        ({"postcode": "gbls11aa"}, {"postcode": "gbls11aa"}, ["name_and_postcode"]),
        ({"city": "gbleeds"}, {"city": "gbleeds"}, ["name_and_city"]),
        ({"city": "gbleeds", "postcode": "gbls1"}, {"city": "gbleeds"}, ["name_and_city"]),
        ({"city": "gbleeds", "postcode": "gbls1"}, {"city": "gbleeds", "postcode": "gbls2"}, []),
        ({"city": "gbleeds"}, {"city": "gbyork"}, []),
    ],
)
def test_a_name_counts_with_a_place(one: Any, other: Any, reasons: list[str]) -> None:
    sides = Side(name="ada byron", **one), Side(name="byron ada", **other)
    assert find_reasons(*sides, 1.0) == reasons
    assert find_reasons(Side(name="ada", **one), Side(name="ada", **other), 1.0) == []


@pytest.mark.parametrize(
    ("one", "other", "is_one"),
    [
        ("gmail", "gmial", True),
        ("gmail", "gmai", True),
        ("gmail", "ggmail", True),
        ("gmail", "gmaik", True),
        ("gmail", "gmail", False),
        ("gmail", "gamli", False),
        ("gmail", "gmalis", False),
        ("", "a", True),
    ],
)
def test_one_edit_is_one_letter_or_a_swap(one: str, other: str, is_one: bool) -> None:
    assert is_one_edit(one, other) is is_one
    assert is_one_edit(other, one) is is_one


def test_reasons_that_agree_say_more() -> None:
    assert score([]) == 0
    assert score(["name_and_city"]) == 40
    assert score(["name_and_city", "similar_email"]) == 70
    assert score(["same_mailbox", "email_typo", "name_and_postcode"]) == 99


def person(first: str, last: str, **fields: Any) -> Profile:
    values = {"first_name": first, "last_name": last, "name_norm": f"{first} {last}".lower()}
    if email := fields.get("email"):
        values["email_norm"] = email.lower()
    return make_profile(**values, **fields)


def search() -> list[tuple[int, int, list[str]]]:
    DuplicateSearch.objects.update(due_at=NOON)
    search_due(Deadline(seconds=None))
    found = ProbableDuplicate.objects.filter(status="open").order_by("pk")
    return [(row.one_id, row.other_id, row.reasons) for row in found]


def test_a_search_finds_whom_something_rare_joins(tenant: Tenant) -> None:
    ada = person("Ada", "Byron", email="ada.byron@gmail.com", country="GB", postcode="LS1 1AA")
    typo = person("Ada", "Byron", email="ada.byron@gmial.com")
    moved = person("Byron", "Ada", email="b@work.example", country="GB", postcode="ls11aa")
    bob = person("Bob", "Hope", phone="+447911123456")
    raw = person("Bob", "Hope", properties={"unusable_phone": "0044(0)7911 123456"})
    person("Eve", "Stranger", email="eve@example.com", country="GB", postcode="LS1 1AA")
    visitor = make_profile(
        is_anonymous=True, name_norm="ada byron", email_norm="ada.byron@gmail.co"
    )

    assert search() == [
        (ada.pk, typo.pk, ["email_typo"]),
        (ada.pk, moved.pk, ["name_and_postcode"]),
        (bob.pk, raw.pk, ["same_phone"]),
    ]
    assert not ProbableDuplicate.objects.filter(other_id=visitor.pk).exists()
    assert ProfileMerge.objects.count() == 0
    state = DuplicateSearch.objects.get()
    assert state.started_at is None
    assert state.due_at > NOON
    assert search_due(Deadline(seconds=None)) == 0


def test_what_many_have_in_common_joins_nobody(tenant: Tenant) -> None:
    for number in range(13):
        person("John", "Smith", email=f"info@shop{number}.example", country="GB", city="London")
    assert search() == []


def test_a_pair_for_which_nothing_speaks_any_more_goes(tenant: Tenant) -> None:
    ada = person("Ada", "Byron", email="ada.byron@gmail.com")
    typo = person("Ada", "Byron", email="ada.byron@gmial.com")
    noted = ProbableDuplicate.objects.create(one=ada, other=make_profile(), reason="email")
    assert len(search()) == 2
    Profile.objects.filter(pk=typo.pk).update(email_norm="other@example.com", name_norm="x")
    assert search() == [(noted.one_id, noted.other_id, [])]


def test_the_search_goes_part_by_part_and_on_where_it_stopped(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm.services.duplicates.PER_PART", 1)
    for number in range(3):
        for domain in ("gmail", "gmial"):
            person("Ada", f"Byron{number}", email=f"ada.byron{number}@{domain}.com")
    while search_due(Deadline(seconds=0.0)):
        pass
    assert not DuplicateSearch.objects.exists()
    search_due(Deadline(seconds=None))
    assert DuplicateSearch.objects.get().parts == 7
    assert ProbableDuplicate.objects.count() == 3


def test_a_pass_looks_at_what_was_written_since_and_once_a_week_at_all(tenant: Tenant) -> None:
    ada = person("Ada", "Byron", email="ada.byron@gmail.com")
    typo = person("Ada", "Byron", email="ada.byron@gmial.com")
    assert search() == [(ada.pk, typo.pk, ["email_typo"])]
    long_ago = NOON - timedelta(days=300)
    Profile.objects.update(updated_at=long_ago)
    # As if it had gone unseen: nobody writes a profile so.
    unseen = person("Ada", "Byron", email="ada.byron@gmail.co", updated_at=long_ago)
    Profile.objects.filter(pk=typo.pk).update(name_norm="x", email_norm="bo@example.com")
    assert search() == [(ada.pk, typo.pk, ["email_typo"])]

    Profile.objects.filter(pk=unseen.pk).update(updated_at=clock.now())
    assert search() == [
        (ada.pk, typo.pk, ["email_typo"]),
        (ada.pk, unseen.pk, ["email_typo"]),
    ]
    request_search(actor="ada@example.com")
    assert search() == [(ada.pk, unseen.pk, ["email_typo"])]

    DuplicateSearch.objects.update(full_at=clock.now() - timedelta(days=6))
    Profile.objects.update(updated_at=long_ago)
    Profile.objects.filter(pk=unseen.pk).update(name_norm="x", email_norm="eve@example.com")
    assert len(search()) == 1
    DuplicateSearch.objects.update(full_at=clock.now() - timedelta(days=7))
    assert search() == []


def test_a_search_that_is_asked_for_during_a_pass_follows_it(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    person("Ada", "Byron", email="ada.byron@gmail.com")
    search()
    monkeypatch.setattr("crm.services.duplicates.PER_PART", 1)
    DuplicateSearch.objects.update(due_at=NOON, started_at=NOON, part=0, parts=2)
    request_search(actor="ada@example.com")
    search_due(Deadline(seconds=None))
    state = DuplicateSearch.objects.get()
    assert (state.started_at, state.full_at is not None) == (None, True)
    assert state.due_at > clock.now()


def test_not_the_same_is_remembered_and_can_be_taken_back(tenant: Tenant) -> None:
    person("Ada", "Byron", email="ada.byron@gmail.com")
    person("Ada", "Byron", email="ada.byron@gmial.com")
    search()
    [pair] = ProbableDuplicate.objects.all()
    assert set_apart([pair.pk], actor="ada@example.com") == 1
    assert set_apart([pair.pk], actor="ada@example.com") == 0
    assert search() == []
    pair.refresh_from_db()
    assert (pair.status, pair.decided_by) == ("apart", "ada@example.com")
    assert reopen([pair.pk], actor="ada@example.com") == 1
    assert len(search()) == 1
    actions = AuditEntry.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions) == ["duplicates.parted", "duplicates.reopened"]


def test_what_was_decided_of_somebody_holds_of_whom_they_become(tenant: Tenant) -> None:
    ada = person("Ada", "Byron", email="ada.byron@gmail.com")
    typo = person("Ada", "Byron", email="ada.byron@gmial.com")
    search()
    set_apart(list(ProbableDuplicate.objects.values_list("pk", flat=True)), actor="a@example.com")
    other = make_profile(first_name="Augusta")
    [merge_id] = merge_profiles([(other.pk, typo.pk)], rule="manual")
    Profile.objects.filter(pk=other.pk).update(
        name_norm="ada byron", email_norm="ada.byron@gmial.com"
    )
    assert search() == []
    handed = ProbableDuplicate.objects.get(other_id=other.pk)
    assert (handed.one_id, handed.status) == (ada.pk, "apart")

    unmerge_profile(merge_id)
    found = ProbableDuplicate.objects.values_list("one_id", "other_id", "status")
    assert list(found) == [(ada.pk, typo.pk, "apart")]


def test_an_open_pair_follows_a_merge_and_comes_back(tenant: Tenant) -> None:
    one, other, winner = make_profile(), make_profile(), make_profile()
    ProbableDuplicate.objects.create(one=one, other=other, reason="email", score=70)
    [merge_id] = merge_profiles([(winner.pk, other.pk)], rule="manual")
    states = ProbableDuplicate.objects.order_by("pk").values_list("one_id", "other_id", "status")
    assert list(states) == [(one.pk, other.pk, "merged"), (one.pk, winner.pk, "open")]
    unmerge_profile(merge_id)
    assert list(states.all()) == [(one.pk, other.pk, "open")]


def test_a_pair_is_merged_into_the_one_a_store_knows(tenant: Tenant) -> None:
    guest, known = make_profile(), make_profile()
    Identity.objects.create(kind="customer_id", value_norm="1:c1", profile=known)
    pair = ProbableDuplicate.objects.create(one=guest, other=known, reason="email")
    assert len(merge_pairs([pair.pk])) == 1
    assert Profile.objects.get(pk=guest.pk).merged_into_id == known.pk
    assert merge_pairs([pair.pk]) == []
    assert ProbableDuplicate.objects.get().status == "merged"


def test_the_member_says_who_stays(tenant: Tenant) -> None:
    one, other = make_profile(), make_profile()
    pair = ProbableDuplicate.objects.create(one=one, other=other, reason="email")
    with pytest.raises(NotFound):
        merge_pairs([pair.pk], keep=make_profile().pk)
    assert ProfileMerge.objects.count() == 0
    merge_pairs([pair.pk], keep=other.pk)
    assert Profile.objects.get(pk=one.pk).merged_into_id == other.pk


@pytest.mark.usefixtures("noting_handlers")
class TestRecords:
    def test_two_customers_of_one_store_with_one_address_wait_for_a_decision(
        self, tenant: Tenant
    ) -> None:
        store = make_store()
        apply(store, customer("c1", email="family@example.com"))
        apply(store, customer("c2", email="family@example.com"))
        one, other = Profile.objects.order_by("pk")
        pair = ProbableDuplicate.objects.get()
        assert (pair.one_id, pair.other_id, pair.reason, pair.score) == (
            one.pk,
            other.pk,
            "email",
            70,
        )
        apply(store, order("1", email="family@example.com", customer=customer("c2")))
        assert ProbableDuplicate.objects.count() == 1
        assert Order.objects.get().profile_id == other.pk

    def test_an_address_of_hundreds_fills_no_list(self, tenant: Tenant) -> None:
        store = make_store()
        apply(store, *[customer(f"c{n}", email="shop@example.com") for n in range(300)])
        apply(store, *[customer(f"d{n}", email="shop@example.com") for n in range(30)])
        assert Profile.objects.count() == 330
        assert ProbableDuplicate.objects.count() == 10

    def test_customers_with_one_number_in_two_storefronts_are_two_people(
        self, tenant: Tenant
    ) -> None:
        first, second = make_store("One"), make_store("Two")
        apply(first, customer("7", email="ada@example.com"))
        apply(second, customer("7", email="bob@example.com"))
        assert Profile.objects.count() == 2
        assert ProbableDuplicate.objects.count() == 0


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return " ".join(page.content.decode().split())


class TestPages:
    @pytest.fixture
    def pair(self, tenant: Tenant) -> ProbableDuplicate:
        ada = person("Ada", "Byron", email="ada.byron@gmail.com", city="Leeds")
        typo = person("Ada", "Byron", email="ada.byron@gmial.com", phone="+447700900123")
        make_order(make_plain_store(), typo)
        search()
        return ProbableDuplicate.objects.get(one=ada, other=typo)

    def test_without_a_pair_the_page_says_what_is_looked_for(self, tenant: Tenant) -> None:
        client = sign_in(tenant)
        assert "Nothing to decide" in read(client, BASE)
        assert "No pair was set apart" in read(client, f"{BASE}?status=apart")
        assert "No such pair" in read(client, f"{BASE}?reason=email")

    def test_a_pair_is_compared_and_merged(self, tenant: Tenant, pair: ProbableDuplicate) -> None:
        client = sign_in(tenant)
        page = read(client, BASE)
        assert "One letter of the email address is different" in page
        assert "80%" in page
        page = read(client, f"{BASE}{pair.pk}/")
        assert "Merge into Ada Byron" in page
        address = f"{BASE}{pair.pk}/"
        joining = client.get(address).context["joining"]
        assert (joining.kept.pk, joining.figures[2].order_count) == (pair.other_id, 0)
        assert {"City": "Leeds", "Phone": "+447700900123"}.items() <= {
            line.label: line.after for line in joining.lines
        }.items()
        swapped = client.get(f"{address}?keep={pair.one_id}").context["joining"]
        assert swapped.kept.pk == pair.one_id

        for wrong in ({"action": "merge", "keep": "0"}, {"action": "x"}, {}):
            assert client.post(address, wrong).status_code == 400
        assert ProfileMerge.objects.count() == 0
        client.post(address, {"action": "merge", "keep": pair.one_id})
        assert Profile.objects.get(pk=pair.other_id).merged_into_id == pair.one_id
        assert "One of both was merged" in read(client, address)

    def test_a_pair_is_set_apart_and_asked_again(
        self, tenant: Tenant, pair: ProbableDuplicate
    ) -> None:
        client = sign_in(tenant, Role.SUPPORT)
        address = f"{BASE}{pair.pk}/"
        answer = client.post(address, {"action": "apart"})
        assert answer["Location"] == BASE
        assert "You called them two people" in read(client, address)
        assert "support@ada-soap.example" in read(client, f"{BASE}?status=apart")
        client.post(address, {"action": "reopen"})
        pair.refresh_from_db()
        assert (pair.status, pair.decided_at) == ("open", None)

    def test_the_next_pair_follows_a_decision(
        self, tenant: Tenant, pair: ProbableDuplicate
    ) -> None:
        after = ProbableDuplicate.objects.create(
            one=make_profile(), other=make_profile(), reason="device", score=35
        )
        answer = sign_in(tenant).post(f"{BASE}{pair.pk}/", {"action": "apart"})
        assert answer["Location"] == f"{BASE}{after.pk}/"

    def test_many_are_decided_at_once(self, tenant: Tenant, pair: ProbableDuplicate) -> None:
        more = ProbableDuplicate.objects.create(
            one=make_profile(), other=make_profile(), reason="email"
        )
        client = sign_in(tenant)
        ids = [pair.pk, more.pk]
        assert client.post(f"{BASE}decide/", {"ids": ids, "action": "x"}).status_code == 400
        client.post(f"{BASE}decide/", {"ids": [*ids, "x"], "action": "apart"})
        assert set(ProbableDuplicate.objects.values_list("status", flat=True)) == {"apart"}
        client.post(f"{BASE}decide/", {"ids": ids, "action": "reopen"})
        client.post(f"{BASE}decide/", {"ids": ids, "action": "merge"})
        assert ProfileMerge.objects.count() == 2

    def test_pages_follow_each_other(self, tenant: Tenant) -> None:
        for number in range(30):
            ProbableDuplicate.objects.create(
                one=make_profile(), other=make_profile(), reason="email", score=40 + number % 3
            )
        client = sign_in(tenant)
        first = client.get(BASE).context["page"]
        rest = client.get(f"{BASE}?after={first.next}").context["page"]
        pairs = [*first.rows, *rest.rows]
        assert len({pair.pk for pair in pairs}) == 30
        assert [pair.score for pair in pairs] == sorted((p.score for p in pairs), reverse=True)
        assert client.get(f"{BASE}?score=likely").context["page"].rows == []

    def test_a_search_can_be_asked_for(self, tenant: Tenant, broker: object) -> None:
        with time_machine.travel(NOON + timedelta(days=1), tick=False):
            sign_in(tenant).post(f"{BASE}search/")
        assert DuplicateSearch.objects.get().due_at == NOON + timedelta(days=1)
        request_search(actor="ada@example.com")
        assert DuplicateSearch.objects.count() == 1
