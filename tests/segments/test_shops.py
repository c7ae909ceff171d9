"""The part of a segment's page that tells shops who is in it."""

from http import HTTPStatus

import pytest
from django.test import Client

from crm.services.stores import StoreData
from segments.models import SegmentPush
from segments.services.lists import create_list
from stores.models import StoreWrite, WriteLane
from stores.services.connections import connect_store
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def store_id(tenant: Tenant) -> int:
    data = StoreData(name="Ada Shopify", platform="shopify", url="https://ada.myshopify.com")
    return connect_store(data, credentials={"access_token": "shpat_1"}).store_id


def text(client: Client, segment_id: int) -> str:
    answer = client.get(f"/t/ada-soap/segments/{segment_id}/?tab=shops")
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def post(client: Client, segment_id: int, **body: object) -> str:
    answer = client.post(f"/t/ada-soap/segments/{segment_id}/shops/", body, follow=True)
    return answer.content.decode()


@pytest.mark.covers("S15")
def test_a_segment_is_switched_on_and_off_and_both_are_in_the_trail(
    tenant: Tenant, store_id: int
) -> None:
    client, segment = sign_in(tenant), create_list(name="Regulars, of Leeds").pk
    shown = text(client, segment)
    assert 'value="Regulars of Leeds"' in shown
    assert "write_customers" in shown
    assert "Its members are tagged" in post(client, segment, store=store_id, tag="VIP")
    shown = text(client, segment)
    assert "Looks through everybody" in shown
    assert "Take the tag away" in shown
    told = post(client, segment, store=store_id, do="leave")
    assert "Stopped; the tag stays in the shop" in told
    assert WriteLane.objects.get().options == {"kept": ["VIP"]}
    actions = AuditEntry.objects.filter(action__startswith="segment.push").order_by("pk")
    assert [(each.action, each.after) for each in actions] == [
        ("segment.push_started", {"store": store_id, "tag": "VIP"}),
        ("segment.push_stopped", {"is_taken_away": False}),
    ]


def test_a_metafield_is_chosen_and_can_only_be_taken_away(tenant: Tenant, store_id: int) -> None:
    client, segment = sign_in(tenant), create_list(name="Regulars").pk
    assert "Mark its members" in text(client, segment)
    chosen = {"store": store_id, "tag": "Regulars of Leeds", "form": "metafield"}
    assert "Its members are given the metafield" in post(client, segment, **chosen)
    shown = text(client, segment)
    assert "patron.segment_regulars_of_leeds" in shown
    assert "Take the metafield away" in shown
    assert "Leave the tag" not in shown
    assert "It is taken away in the shop" in post(client, segment, store=store_id, do="take_away")
    assert not SegmentPush.objects.exists()


def test_what_is_wrong_is_said_and_nothing_is_changed(tenant: Tenant, store_id: int) -> None:
    client, segment = sign_in(tenant), create_list(name="Regulars").pk
    assert "no comma. Nothing was changed" in post(client, segment, store=store_id, tag="a,b")
    assert "is not connected" in post(client, segment, store="x", tag="a")
    assert "tag or metafield" in post(client, segment, store=store_id, tag="a", form="note")
    assert SegmentPush.objects.count() == WriteLane.objects.filter(is_on=True).count() == 0


def test_who_was_refused_and_why_stands_there(tenant: Tenant, store_id: int) -> None:
    client, segment = sign_in(tenant), create_list(name="Regulars").pk
    post(client, segment, store=store_id, tag="VIP")
    StoreWrite.objects.create(
        lane=WriteLane.objects.get(),
        subject="7001",
        value={"tags": ["VIP"]},
        state="refused",
        reason="Too many tags",
    )
    shown = text(client, segment)
    assert "Customer 7001" in shown
    assert "Too many tags" in shown


def test_who_may_only_look_is_offered_nothing_to_change(tenant: Tenant, store_id: int) -> None:
    segment = create_list(name="Regulars").pk
    assert "Mark its members" not in text(sign_in(tenant, Role.ANALYST), segment)


def test_the_lane_at_the_store_is_not_switched_there(tenant: Tenant, store_id: int) -> None:
    client = sign_in(tenant)
    address = f"/t/ada-soap/stores/{store_id}/writing/change/"
    told = client.post(address, {"kind": "segments"}, follow=True).content.decode()
    assert "switched on and off on their own pages" in told
    assert WriteLane.objects.count() == 0
