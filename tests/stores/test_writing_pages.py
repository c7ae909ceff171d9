from http import HTTPStatus

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from analytics.queries.attention import list_attention
from crm.models import Identity, Profile
from crm.services.stores import StoreData
from stores.models import StoreWrite, WriteLane
from stores.services.connections import connect_store
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def store_id(tenant: Tenant) -> int:
    data = StoreData(name="Ada Shopify", platform="shopify", url="https://ada.myshopify.com")
    found = connect_store(data, credentials={"access_token": "shpat_1"}).store_id
    profile = Profile.objects.create(first_name="Ada", last_name="Byron")
    Identity.objects.create(
        kind="customer_id", value_norm=f"{found}:7001", store_id=found, profile=profile
    )
    return found


def url(name: str, store_id: int) -> str:
    return reverse(f"stores:{name}", args=["ada-soap", store_id])


def text(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def post(client: Client, store_id: int, **body: object) -> str:
    answer = client.post(url("change_writing", store_id), body, follow=True)
    return answer.content.decode()


def test_everything_is_off_and_says_what_switching_it_on_would_write(
    tenant: Tenant, store_id: int
) -> None:
    client = sign_in(tenant)
    page = text(client, url("writing", store_id))
    assert page.count("Switch on</button>") == 4
    assert "the one customer of this shop" in page
    assert "write_customers" in page
    assert url("writing", store_id) in text(client, url("detail", store_id))


def test_switching_on_and_off_is_kept_in_the_audit_trail(tenant: Tenant, store_id: int) -> None:
    client = sign_in(tenant)
    assert "Saved" in post(client, store_id, kind="tags", tag_prefix="crm:")
    lane = WriteLane.objects.get()
    assert (lane.is_on, lane.options, lane.fill_after) == (True, {"prefix": "crm:"}, 0)
    assert "It is so already" in post(client, store_id, kind="tags", tag_prefix="crm:")
    assert "Switched off" in post(client, store_id, kind="tags", do="off")
    assert WriteLane.objects.get().is_on is False
    entries = AuditEntry.objects.filter(action="store.writing_changed")
    assert [(entry.after or {})["is_on"] for entry in entries.order_by("pk")] == [True, False]


def test_figures_want_one_at_least(tenant: Tenant, store_id: int) -> None:
    client = sign_in(tenant)
    answer = client.post(url("change_writing", store_id), {"kind": "fields"})
    assert answer.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Choose one at least." in answer.content.decode()
    assert WriteLane.objects.count() == 0


def test_what_was_refused_stands_with_its_reason_and_can_be_retried(
    tenant: Tenant, store_id: int
) -> None:
    client = sign_in(tenant)
    post(client, store_id, kind="tags", tag_prefix="")
    lane = WriteLane.objects.get()
    StoreWrite.objects.create(
        lane=lane, subject="7001", value={"tags": ["gold"]}, state="refused", reason="Too long"
    )
    page = text(client, url("writing", store_id))
    assert "Ada Byron" in page
    assert "Too long" in page
    assert "refused 1 change of tags" in " ".join(item.title for item in list_attention())
    told = client.post(url("retry_writing", store_id), follow=True).content.decode()
    assert "1 refused wait again" in told
    assert StoreWrite.objects.get().state == "waiting"
    assert list_attention() == []


def test_why_it_rests_stands_on_the_page_and_among_the_notices(
    tenant: Tenant, store_id: int
) -> None:
    client = sign_in(tenant)
    post(client, store_id, kind="consent")
    WriteLane.objects.update(detail="Give the app the scope write_customers")
    assert "Writing consent rests" in text(client, url("writing", store_id))
    assert [item.title for item in list_attention()] == ["Writing consent to Ada Shopify rests"]


def test_who_may_only_look_is_offered_nothing_to_change(tenant: Tenant, store_id: int) -> None:
    page = text(sign_in(tenant, Role.ANALYST), url("writing", store_id))
    assert "Switch on" not in page.replace("Switching", "")


def test_a_store_that_cannot_be_written_to_says_so(tenant: Tenant) -> None:
    with transaction.atomic():
        tool = connect_store(StoreData(name="Reviews", platform="judgeme")).store_id
    page = text(sign_in(tenant), url("writing", tool))
    assert "Nothing is written to this store" in page
