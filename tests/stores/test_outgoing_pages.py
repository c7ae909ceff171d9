"""Webhooks that go out, as integrators and merchants see them."""

import json
from collections.abc import Iterator
from http import HTTPStatus

import pytest
from django.db import transaction
from django.test import Client

from crm.services.events import append_events
from crm.services.reactions import drain_reactions
from crm.types import NewEvent
from kernel import clock
from kernel.batches import Deadline
from stores.models import WebhookDelivery, WebhookEndpoint
from stores.services.delivering import drain_outgoing
from tenants.models import Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import make_key, sign_in
from tests.support.receiver import Receiver, open_receiver


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as found:
        yield found


def tag_somebody() -> None:
    """Let somebody get a tag, and everybody react."""
    with transaction.atomic():
        append_events(
            [
                NewEvent(
                    name="Tags Changed",
                    occurred_at=clock.now(),
                    source="system",
                    profile_id=make_profile().pk,
                )
            ]
        )
    drain_reactions(Deadline(seconds=None))


def drain() -> int:
    return drain_outgoing(Deadline(seconds=None))


def test_a_key_that_may_not_read_people_learns_nothing_by_webhooks(
    client: Client, tenant: Tenant, receiver: Receiver
) -> None:
    headers = {"Authorization": f"Bearer {make_key(tenant, 'webhooks:read', 'webhooks:write')}"}

    answer = client.post(
        "/api/v1/webhooks/",
        {"url": receiver.url},
        content_type="application/json",
        headers=headers,
    )

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not WebhookEndpoint.objects.exists()
    assert client.get("/api/v1/webhooks/", headers=headers).status_code == HTTPStatus.OK


def test_an_integrator_makes_reads_and_replays_by_the_api(
    client: Client, tenant: Tenant, receiver: Receiver
) -> None:
    headers = {"Authorization": f"Bearer {make_key(tenant)}"}

    def call(method: str, path: str, **body: object) -> dict[str, object]:
        answer = client.generic(
            method,
            f"/api/v1/webhooks/{path}",
            json.dumps(body) if body else "",
            content_type="application/json",
            headers=headers,
        )
        assert answer.status_code < HTTPStatus.BAD_REQUEST, answer.content
        return dict(answer.json()) if answer.content else {}

    made_one = call("POST", "", url=receiver.url, types=["tags.changed"])
    key = made_one["id"]
    assert str(made_one["secret"]).startswith("whsec_")
    assert "secret" not in call("GET", f"{key}/")
    tag_somebody()
    drain()
    delivery = call("GET", f"{key}/deliveries/")["results"][0]  # type: ignore[index]
    assert (delivery["status"], delivery["last_status"]) == ("delivered", 200)
    call("POST", f"{key}/deliveries/{delivery['id']}/replay/")
    assert drain() == 1
    call("PATCH", f"{key}/", is_enabled=False)
    assert WebhookEndpoint.objects.get().is_enabled is False
    call("DELETE", f"{key}/")
    assert not WebhookEndpoint.objects.exists()


def test_a_merchant_makes_one_and_sees_how_it_is_answered(
    tenant: Tenant, receiver: Receiver
) -> None:
    page = sign_in(tenant)
    base = f"/t/{tenant.slug}/settings/webhooks/"

    shown = page.post(f"{base}new/", {"url": receiver.url, "is_enabled": "on"})
    assert shown.status_code == HTTPStatus.CREATED
    assert b"whsec_" in shown.content
    endpoint = WebhookEndpoint.objects.get()
    page.post(f"{base}{endpoint.pk}/test/")
    drain()

    text = page.get(f"{base}{endpoint.pk}/").content.decode()
    assert "webhook.test" in text
    assert "Delivering" in text
    assert "whsec_" not in text
    row = WebhookDelivery.objects.get()
    assert "This is a test" in page.get(f"{base}deliveries/{row.pk}/").content.decode()
