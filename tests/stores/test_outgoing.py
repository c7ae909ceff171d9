"""Webhooks that go out: what is told, how it is signed, tried again, given up and replayed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import transaction
from django.test import override_settings

from crm.models import Profile
from crm.services.erasure import erase_profiles
from crm.services.events import append_events
from crm.services.merging import merge_profiles
from crm.services.reactions import drain_reactions
from crm.types import NewEvent
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict, Invalid
from stores.domain.outgoing import DELAYS, MAX_BODY, TYPES, next_try
from stores.models import WebhookDelivery, WebhookEndpoint
from stores.platforms.standard_webhooks import is_signed, keys_of, read_head
from stores.services.delivering import drain_outgoing
from stores.services.endpoints import (
    EndpointData,
    add_endpoint,
    replay,
    rotate_secret,
    send_test,
    update_endpoint,
)
from tenants.models import Tenant
from tests.factories.samples import make_profile
from tests.support.receiver import Posted, Receiver, open_receiver

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
ACTOR = "ada@example.com"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with open_receiver() as found:
        yield found


@pytest.fixture
def noon() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


def happen(name: str, profile: Profile | None = None, **fields: object) -> None:
    """Append an event and let everybody react."""
    values = {
        "occurred_at": clock.now(),
        "source": "system",
        "profile_id": profile.pk if profile else None,
        "properties": {},
        "dedupe_key": "",
    }
    with transaction.atomic():
        append_events([NewEvent(name=name, **{**values, **fields})])  # type: ignore[arg-type]
    drain_reactions(Deadline(seconds=None))


def drain() -> int:
    return drain_outgoing(Deadline(seconds=None))


def made(receiver: Receiver, *types: str) -> tuple[WebhookEndpoint, str]:
    return add_endpoint(EndpointData(receiver.url, types=types), actor=ACTOR)


def is_good(posted: Posted, secret: str) -> bool:
    return is_signed(keys_of(secret)[:1], posted.body, read_head(posted.headers, ""))


@pytest.mark.covers("I5")
def test_an_event_is_posted_once_and_signed(tenant: Tenant, receiver: Receiver) -> None:
    _, secret = made(receiver, "segment.entered")
    profile = make_profile(email="ada@example.com", first_name="Ada")

    happen("Segment Entered", profile, object_id=7, properties={"segment": "VIP"})
    happen("Segment Exited", profile, object_id=7)
    assert (drain(), drain()) == (1, 0)

    posted = receiver.posted[0]
    assert len(receiver.posted) == 1
    assert is_good(posted, secret)
    assert not is_good(Posted(posted.headers, posted.body + b" "), secret)
    said = json.loads(posted.body)
    assert said["type"] == "segment.entered"
    assert said["data"]["profile"]["email"] == "ada@example.com"
    assert said["data"]["object_id"] == "7"
    assert said["data"]["properties"] == {"segment": "VIP"}
    row = WebhookDelivery.objects.get()
    assert (row.status, row.tries, row.last_status) == ("delivered", 1, 200)
    assert row.log[0]["status"] == 200


def test_history_and_what_nobody_asked_for_is_not_told(tenant: Tenant, receiver: Receiver) -> None:
    made(receiver)

    happen("Segment Entered", make_profile(), is_backfill=True)
    happen("Page Viewed", make_profile())

    assert drain() == 0
    assert receiver.posted == []


def test_a_batch_that_is_handled_twice_is_told_once(tenant: Tenant, receiver: Receiver) -> None:
    made(receiver)
    profile = make_profile()

    for _ in range(2):
        happen("Tags Changed", profile, dedupe_key="once")

    assert drain() == 1


def test_whoever_comes_with_their_first_order_is_told_of(
    tenant: Tenant, receiver: Receiver
) -> None:
    made(receiver, "profile.created")
    profile = make_profile()
    with transaction.atomic():
        append_events(
            [
                NewEvent(
                    name="Profile Created",
                    occurred_at=clock.now(),
                    source="system",
                    profile_id=profile.pk,
                    is_quiet=True,
                )
            ]
        )

    happen("Order Placed", profile, object_id=1)
    happen("Order Placed", profile, object_id=2)

    assert drain() == 1
    assert json.loads(receiver.posted[0].body)["type"] == "profile.created"


def test_what_fails_is_tried_again_with_the_same_id_and_then_given_up(
    tenant: Tenant, receiver: Receiver, noon: time_machine.Traveller
) -> None:
    endpoint, _ = made(receiver)
    receiver.status = 500
    happen("Tags Changed", make_profile())

    for _ in DELAYS:
        assert drain() == 1
        waiting = WebhookDelivery.objects.get()
        assert waiting.status == "pending"
        assert drain() == 0
        noon.move_to(waiting.due_at)
    assert drain() == 1

    row = WebhookDelivery.objects.get()
    endpoint.refresh_from_db()
    assert (row.status, row.tries) == ("failed", 10)
    assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1
    assert len({posted.headers["webhook-timestamp"] for posted in receiver.posted}) == 10
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (
        False,
        "It took nothing for three days.",
    )


def test_one_that_fails_for_days_leaves_an_endpoint_on_that_took_others(
    tenant: Tenant, receiver: Receiver, noon: time_machine.Traveller
) -> None:
    endpoint, _ = made(receiver)
    profile = make_profile()
    receiver.status = 500
    happen("Tags Changed", profile)
    for _ in DELAYS[:-1]:
        drain()
        noon.move_to(WebhookDelivery.objects.get().due_at)
    drain()
    last_try = WebhookDelivery.objects.get().due_at
    receiver.status = 200
    happen("Tags Changed", profile)
    assert drain() == 1
    receiver.status = 500
    noon.move_to(last_try)
    assert drain() == 1

    states = WebhookDelivery.objects.order_by("pk").values_list("status", flat=True)
    endpoint.refresh_from_db()
    assert list(states) == ["failed", "delivered"]
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (True, "")


def test_the_schedule_is_the_one_of_standard_webhooks_with_a_tenth_of_jitter() -> None:
    dues = [next_try(tries, NOON, 5) for tries in range(1, 12)]

    waits = [due - NOON for due in dues if due is not None]
    assert dues[9:] == [None, None]
    for wait, delay in zip(waits, DELAYS, strict=True):
        assert delay <= wait <= delay * 1.1


def test_gone_switches_it_off_and_what_happens_since_waits(
    tenant: Tenant, receiver: Receiver
) -> None:
    endpoint, _ = made(receiver)
    receiver.status = 410
    profile = make_profile()
    happen("Tags Changed", profile)
    drain()
    endpoint.refresh_from_db()
    assert (endpoint.is_enabled, endpoint.disabled_reason) == (False, "It answered 410 Gone.")

    receiver.status = 200
    update_endpoint(endpoint.pk, EndpointData(receiver.url), actor=ACTOR)
    happen("Tags Changed", profile)

    assert drain() == 1
    assert list(WebhookDelivery.objects.order_by("pk").values_list("status", flat=True)) == [
        "failed",
        "delivered",
    ]


@pytest.mark.parametrize("status", [301, 302, 400, 503])
def test_only_2xx_counts(tenant: Tenant, receiver: Receiver, status: int) -> None:
    made(receiver)
    receiver.status = status
    receiver.headers = {"Location": receiver.url}
    happen("Tags Changed", make_profile())

    drain()

    assert len(receiver.posted) == 1
    row = WebhookDelivery.objects.get()
    assert (row.status, row.last_status) == ("pending", status)


def test_an_endpoint_that_asks_for_patience_gets_it(
    tenant: Tenant, receiver: Receiver, noon: time_machine.Traveller
) -> None:
    made(receiver)
    receiver.status, receiver.headers = 429, {"Retry-After": "600"}
    profile = make_profile()
    happen("Tags Changed", profile)
    drain()
    receiver.status, receiver.headers = 200, {}

    happen("Tags Changed", profile)
    assert drain() == 0
    noon.shift(timedelta(seconds=599))
    assert drain() == 0
    noon.shift(timedelta(seconds=1))

    assert drain() == 2
    assert set(WebhookDelivery.objects.values_list("status", flat=True)) == {"delivered"}


@pytest.mark.parametrize("said", ["99999999999999", "soon", "-1", "9999999999"])
def test_patience_that_makes_no_sense_is_a_minute(
    tenant: Tenant, receiver: Receiver, noon: time_machine.Traveller, said: str
) -> None:
    endpoint, _ = made(receiver)
    receiver.status, receiver.headers = 429, {"Retry-After": said}
    happen("Tags Changed", make_profile())

    assert drain() == 1

    endpoint.refresh_from_db()
    assert endpoint.held_until == NOON + timedelta(minutes=1)
    assert WebhookDelivery.objects.get().tries == 1


def test_a_fault_of_ours_counts_as_a_try_and_stops_no_other(
    tenant: Tenant, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made(receiver)
    happen("Tags Changed", make_profile())

    def broken(*_: object) -> str:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr("kernel.http.Client.post", broken)
    assert drain() == 1

    row = WebhookDelivery.objects.get()
    assert (row.status, row.tries, row.log[0]["status"]) == ("pending", 1, None)


def test_nothing_listens_there(tenant: Tenant) -> None:
    add_endpoint(EndpointData("http://127.0.0.1:9/"), actor=ACTOR)
    happen("Tags Changed", make_profile())

    drain()

    row = WebhookDelivery.objects.get()
    assert (row.status, row.last_status) == ("pending", None)
    assert row.log[0]["detail"] == "no connection could be made"


@override_settings(OUTGOING_PRIVATE=False)
def test_no_address_leads_into_the_network_of_the_installation(
    tenant: Tenant, receiver: Receiver
) -> None:
    with pytest.raises(Invalid):
        made(receiver)
    endpoint, _ = add_endpoint(EndpointData("https://127.0.0.1/hook"), actor=ACTOR)
    WebhookEndpoint.objects.filter(pk=endpoint.pk).update(url=receiver.url)
    happen("Tags Changed", make_profile())

    drain()

    assert receiver.posted == []
    assert WebhookDelivery.objects.get().log[0]["detail"] == "its address lies in a private network"


def test_two_secrets_sign_for_a_day(
    tenant: Tenant, receiver: Receiver, noon: time_machine.Traveller
) -> None:
    endpoint, old = made(receiver)
    new = rotate_secret(endpoint.pk, actor=ACTOR)
    profile = make_profile()

    happen("Tags Changed", profile)
    drain()
    noon.shift(timedelta(days=1))
    happen("Tags Changed", profile)
    drain()

    first, second = receiver.posted
    assert (is_good(first, new), is_good(first, old)) == (True, True)
    assert (is_good(second, new), is_good(second, old)) == (True, False)


def test_a_worker_that_died_leaves_its_deliveries_to_the_next_one(
    tenant: Tenant,
    receiver: Receiver,
    noon: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made(receiver)
    happen("Tags Changed", make_profile())

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr("stores.services.delivering._settle", die)
        with pytest.raises(Killed):
            drain()
    assert drain() == 0
    noon.shift(timedelta(seconds=90))

    assert drain() == 1
    assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1


def test_a_delivery_is_replayed_with_all_its_tries(tenant: Tenant, receiver: Receiver) -> None:
    made(receiver)
    happen("Tags Changed", make_profile())
    with pytest.raises(Conflict, match="waits"):
        replay(WebhookDelivery.objects.get().pk, actor=ACTOR)
    drain()

    replay(WebhookDelivery.objects.get().pk, actor=ACTOR)

    assert drain() == 1
    assert receiver.posted[0].body == receiver.posted[1].body
    assert receiver.posted[0].headers["webhook-id"] == receiver.posted[1].headers["webhook-id"]


def test_what_is_too_long_leaves_its_properties_out(tenant: Tenant, receiver: Receiver) -> None:
    made(receiver)

    happen("Tags Changed", make_profile(), properties={"note": "x" * MAX_BODY})
    drain()

    body = receiver.posted[0].body
    assert len(body) < MAX_BODY
    assert json.loads(body)["data"]["is_cut"] is True


def test_erasure_empties_what_was_told_and_stops_what_waits(
    tenant: Tenant, receiver: Receiver
) -> None:
    made(receiver)
    profile = make_profile(email="ada@example.com")
    happen("Tags Changed", profile)
    drain()
    happen("Tags Changed", profile)

    erase_profiles([profile.pk], actor=ACTOR)
    drain()

    assert len(receiver.posted) == 1
    assert not WebhookDelivery.objects.filter(body__contains="ada@").exists()


def test_erasure_reaches_what_was_told_of_one_who_was_merged(
    tenant: Tenant, receiver: Receiver
) -> None:
    made(receiver)
    winner, loser = make_profile(), make_profile(email="gone@example.com")
    happen("Tags Changed", loser)
    drain()

    merge_profiles([(winner.pk, loser.pk)], rule="email")
    erase_profiles([winner.pk], actor=ACTOR)

    told = WebhookDelivery.objects.order_by("pk").first()
    assert told is not None
    assert (told.body, told.log) == ("", [])


def test_a_test_goes_out_without_anybodys_data(tenant: Tenant, receiver: Receiver) -> None:
    endpoint, secret = made(receiver)

    send_test(endpoint.pk)
    send_test(endpoint.pk)
    drain()

    assert [json.loads(posted.body)["type"] for posted in receiver.posted] == ["webhook.test"] * 2
    assert is_good(receiver.posted[0], secret)


@pytest.mark.parametrize(
    "url", ["ftp://a.example/", "https://user:word@a.example/", "nonsense", "https://"]
)
def test_an_address_that_is_none_is_refused(tenant: Tenant, url: str) -> None:
    with pytest.raises(Invalid) as caught:
        add_endpoint(EndpointData(url, types=["order.eaten"]), actor=ACTOR)

    assert set(caught.value.fields) == {"url", "types"}
    assert not WebhookEndpoint.objects.exists()


def test_old_deliveries_go_and_waiting_ones_stay(
    tenant: Tenant, receiver: Receiver, noon: time_machine.Traveller
) -> None:
    endpoint, _ = made(receiver)
    profile = make_profile()
    happen("Tags Changed", profile)
    drain()
    update_endpoint(endpoint.pk, EndpointData(receiver.url, is_enabled=False), actor=ACTOR)
    WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=0, type="webhook.test", message_id="m", body="{}"
    )
    noon.shift(timedelta(days=31))

    drain()

    assert list(WebhookDelivery.objects.values_list("status", flat=True)) == ["pending"]


def test_every_type_is_an_event_that_somebody_reacts_to() -> None:
    from config.event_handlers import EVENT_HANDLERS  # noqa: PLC0415

    told = {name for name, paths in EVENT_HANDLERS.items() if any("outgoing" in p for p in paths)}
    assert told == set(TYPES.values())
