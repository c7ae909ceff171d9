"""Orders of nobody that carry an address go to whom it points at; figures follow, flows do not."""

from collections import Counter
from datetime import timedelta

import pytest

from crm.models import Event, Order, Profile, ProfileFacts, Refund, Touchpoint
from crm.queries.strays import preview_strays
from crm.services import strays
from crm.services.checks import find_differences
from crm.services.erasure import erase_profiles
from crm.services.strays import start_linking
from crm.types import ShipmentRecord
from crm.types.care import ReturnRecord
from flows.models import FlowRun
from kernel.work import drain_tenant
from tenants.models import Job, Tenant
from tests.factories.crm import NOON, apply, customer, make_store, order, refund
from tests.factories.flows import definition, make_flow
from tests.factories.messaging import make_template
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db
ACTOR = "ada@example.com"


def link(tenant: Tenant) -> Job:
    job = start_linking(actor=ACTOR)
    drain_tenant(tenant.pk)
    job.refresh_from_db()
    return job


@pytest.mark.covers("D1")
def test_orders_go_to_the_known_and_the_new_and_riddles_stay(tenant: Tenant) -> None:
    make_template("note", "promotional")
    make_flow(definition())
    store = make_store()
    apply(
        store,
        customer("c1", email="ada@example.com", first_name="Ada"),
        order("1001", email="ada@example,com", attribution={"utm_source": "news"}),
        refund("r1"),
        order("1002", email="bo@gmial.com "),
        order("1003", email="cy@@example.com"),
        order("1004", email="riddle"),
    )
    drain_tenant(tenant.pk)
    ada = Profile.objects.get(email_norm="ada@example.com")
    assert ProfileFacts.objects.get(profile=ada).order_count == 0
    found = preview_strays()
    assert (found.count, found.riddles, found.has_more) == (2, 1, False)
    assert [(one.raw, one.meant, one.person) for one in found.shown] == [
        ("ada@example,com", "ada@example.com", "Ada"),
        ("cy@@example.com", "cy@example.com", ""),
    ]
    runs = FlowRun.objects.count()

    job = link(tenant)

    assert (job.status, job.done, job.total) == ("done", 3, 3)
    linked = Order.objects.get(external_id="1001")
    assert (linked.profile_id, linked.email) == (ada.pk, "ada@example.com")
    assert Refund.objects.get().profile_id == ada.pk
    assert Touchpoint.objects.get().profile_id == ada.pk
    facts = ProfileFacts.objects.get(profile=ada)
    assert (facts.order_count, facts.gross_minor, facts.refunded_minor) == (1, 1000, 400)
    placed = Event.objects.get(name="Order Placed", object_id=linked.pk)
    assert placed.profile_id == ada.pk
    cy = Profile.objects.get(email_norm="cy@example.com")
    assert Order.objects.get(external_id="1003").profile_id == cy.pk
    stays = Order.objects.get(external_id="1004")
    assert (stays.profile_id, stays.email) == (None, "riddle")
    assert FlowRun.objects.count() == runs
    assert find_differences() == []
    assert preview_strays().count == 0


def test_who_was_erased_gets_nothing_and_the_address_is_forgotten(tenant: Tenant) -> None:
    store = make_store()
    apply(store, customer("c1", email="eve@example.com"))
    erase_profiles([Profile.objects.get().pk])
    apply(store, order("1001", email="eve@@example.com"))

    link(tenant)

    left = Order.objects.get()
    assert (left.profile_id, left.email) == (None, "")
    apply(store, order("1001", email="eve@@example.com", version_at=NOON + timedelta(hours=1)))
    left.refresh_from_db()
    assert (left.profile_id, left.email) == (None, "")
    assert not Profile.objects.filter(erased_at=None).exists()


def test_many_go_batch_by_batch_one_store_after_the_other(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strays, "BATCH", 2)
    soap, wax = make_store(), make_store("Wax Shop")
    for number in range(3):
        apply(soap, order(f"s{number}", email="ada@@example.com"))
        apply(wax, order(f"w{number}", email=f"p{number}@@example.com", is_test=number == 2))

    assert link(tenant).done == 5

    assert Order.objects.get(profile=None).external_id == "w2"
    facts = ProfileFacts.objects.order_by("profile__email_norm")
    counts = facts.values_list("profile__email_norm", "order_count")
    assert list(counts) == [("ada@example.com", 3), ("p0@example.com", 1), ("p1@example.com", 1)]
    assert find_differences() == []


def test_what_is_known_of_an_order_follows_it_on_the_timeline(tenant: Tenant) -> None:
    store = make_store()
    apply(
        store,
        order("1001", email="ada@@example.com"),
        order("1002", email="riddle"),
        refund("r1"),
        refund("r2", order_external_id="1002"),
        ShipmentRecord("s1", NOON, order_external_id="1001", status="success", delivered_at=NOON),
        ReturnRecord("b1", NOON, order_external_id="1001"),
    )
    later = NOON + timedelta(hours=1)
    apply(
        store,
        refund("r1", version_at=later, amount_minor=500),
        order("1001", version_at=later, email="ada@@example.com", cancelled_at=NOON),
    )

    link(tenant)

    ada = Profile.objects.get(email_norm="ada@example.com")
    named = Event.objects.exclude(
        name__in=["Profile Created", "Order Updated", "RFM Group Changed"]
    )
    told = named.filter(profile_id=ada.pk).values_list("name", flat=True)
    assert Counter(told) == {
        "Order Placed": 1,
        "Order Cancelled": 1,
        "Order Refunded": 2,
        "Order Fulfilled": 1,
        "Order Delivered": 1,
        "Return Initiated": 1,
    }
    nobodys = named.filter(profile_id=None).values_list("name", flat=True)
    assert sorted(nobodys) == ["Order Placed", "Order Refunded"]
    assert find_differences() == []


@pytest.mark.covers("D1")
def test_the_page_shows_to_whom_each_would_go_and_leads_to_the_job(tenant: Tenant) -> None:
    client, address = sign_in(tenant), f"/t/{tenant.slug}/data/orders/"
    assert "No order can be linked" in client.get(address).content.decode()
    apply(make_store(), order("1001", email="ada@@example.com"), order("1002", email="riddle"))

    page = " ".join(client.get(address).content.decode().split())
    for words in ("Link 1 order", "ada@@example.com", "A new person", "1 more carries an address"):
        assert words in page, words
    assert address in client.get(f"/t/{tenant.slug}/data/").content.decode()
    answer = client.post(address)

    assert answer.headers["Location"] == f"/t/{tenant.slug}/jobs/{Job.objects.get().pk}/"
