"""Whose a push token is, and where push messages may go at all."""

import hmac
import json

import pytest
from django.test import Client

from crm.models import ConsentEvent, Event, Profile
from crm.services.api_store import ensure_api_store
from crm.services.consent import record_consent
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, TrackedRecord
from kernel import clock
from kernel.batches import Deadline
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from messaging.channels import push_web
from messaging.channels.base import OutgoingPush
from messaging.channels.push import PushGone
from messaging.channels.push_web import send_web
from messaging.domain.web_push import is_push_service
from messaging.models import ChannelAccount, PushToken
from messaging.services.accounts import as_account
from messaging.services.push_tokens import forget_gone
from segments.models import Membership
from segments.queries.reasons import explain_segments
from segments.services.checks import find_differences
from segments.services.clock import reevaluate_due
from segments.services.segments import create_segment
from stores.services.push_proof import proves, push_secret
from tenants.models import Tenant
from tests.factories.messaging import make_recipient
from tests.factories.push import call, make_push, make_token, send
from tests.support.push_services import Browser, Server

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker"), pytest.mark.covers("M10")]


def make_customer(**consent: str) -> Profile:
    """Somebody whom the shop's own pages call V-1."""
    record = CustomerRecord(
        external_id="V-1", email="vera@example.com", first_name="Vera", version_at=clock.now()
    )
    applied = apply_records(ensure_api_store(), [record], source="api", now=clock.now())
    vera = Profile.objects.get(pk=applied.profile_ids[0])
    for channel, state in consent.items():
        record_consent(vera.pk, channel, state, method="push_prompt")
    return vera


def type_address(anonymous_id: str, email: str) -> None:
    who = CustomerRecord(external_id="", email=email, version_at=clock.now())
    record = TrackedRecord(occurred_at=clock.now(), who=who, anonymous_ids=[anonymous_id])
    apply_records(ensure_api_store(), [record], source="tracking", now=clock.now())


def sign(user_id: str) -> str:
    return hmac.new(push_secret().encode(), user_id.encode(), "sha256").hexdigest()


def subscribe(client: Client, key: str, browser: Browser, **who: str) -> None:
    answer = call(client, "subscribe", key, subscription=browser.subscription, **who)
    assert (answer.status_code, answer.json()) == (200, {"success": True})


@pytest.mark.parametrize("order", ["named", "typed before", "typed after"])
def test_a_stranger_who_names_somebody_gets_none_of_their_messages(
    client: Client, web: ChannelAccount, server: Server, key: str, order: str
) -> None:
    vera = make_customer(push="subscribed")
    theirs = Browser(f"{server.url}/wp/vera")
    make_token(vera, web, json.dumps(theirs.subscription))
    record_consent(vera.pk, "push", "unsubscribed", method="preference_page")
    who = {"anonymousId": "m-1", "userId": "V-1"} if order == "named" else {"anonymousId": "m-1"}
    if order == "typed before":
        type_address("m-1", "vera@example.com")
    for number in range(12):
        subscribe(client, key, Browser(f"{server.url}/wp/stranger-{number}"), **who)
    if order == "typed after":
        type_address("m-1", "vera@example.com")

    vera.refresh_from_db()
    assert vera.push_consent == "unsubscribed"
    assert ConsentEvent.objects.filter(profile=vera, state="subscribed").count() == (
        2 if order == "typed after" else 1
    )
    record_consent(vera.pk, "push", "subscribed", method="preference_page")
    assert send(vera, make_push()).address == "1 device"
    assert [asked.path for asked in server.asked] == ["/wp/vera"]


def test_a_browser_that_was_joined_to_somebody_by_typing_is_not_theirs_to_end(
    client: Client, web: ChannelAccount, server: Server, key: str
) -> None:
    vera, browser = make_customer(push="subscribed"), Browser(f"{server.url}/wp/m")
    subscribe(client, key, browser, anonymousId="m-1")
    type_address("m-1", "vera@example.com")
    assert PushToken.objects.get().profile_id == vera.pk
    ended = call(client, "unsubscribe", key, subscription=browser.subscription)
    assert ended.json() == {"success": True}
    vera.refresh_from_db()
    assert vera.push_consent == "subscribed"


def test_whom_the_shop_vouches_for_gets_their_messages_in_that_browser(
    client: Client, web: ChannelAccount, server: Server, key: str
) -> None:
    vera, browser = make_customer(), Browser(f"{server.url}/wp/vera")
    subscribe(client, key, browser, anonymousId="v-1", userId="V-1", userHash=sign("V-1"))
    subscribe(client, key, browser, anonymousId="v-1")  # a page that does not vouch
    token = PushToken.objects.get()
    vera.refresh_from_db()
    assert (token.profile_id, token.is_proven, vera.push_consent) == (vera.pk, True, "subscribed")
    assert send(vera, make_push()).status == "sent"
    assert [asked.path for asked in server.asked] == ["/wp/vera"]


def test_who_can_be_reached_by_push_is_known_to_segments_at_once(
    client: Client, web: ChannelAccount, server: Server, key: str, shop: Tenant
) -> None:
    vera, other = make_customer(), make_recipient(push_consent="subscribed")
    segment = create_segment(name="By push", definition={"reachable": "push"})
    members = Membership.objects.filter(segment_ids__contains=[segment.pk])

    def reached() -> list[int]:
        drain_tenant(shop.pk, kinds=("reactions",))
        assert find_differences() == []
        return [row.profile_id for row in members.all()]

    reevaluate_due(Deadline(seconds=None))
    assert reached() == []
    browser = Browser(f"{server.url}/wp/vera")
    vouched = {"anonymousId": "v-1", "userId": "V-1", "userHash": sign("V-1")}
    for _ in range(2):
        subscribe(client, key, browser, **vouched)
        assert reached() == [vera.pk]
    told = Event.objects.filter(name="Push Device Changed")
    assert [row.profile_id for row in told] == [vera.pk]
    # Consent stays as it is when a provider calls the browser dead.
    forget_gone({row.pk: "410" for row in PushToken.objects.all()})
    assert reached() == []
    subscribe(client, key, browser, **vouched)
    assert reached() == [vera.pk]
    [reason] = explain_segments(other.pk, clock.now())
    assert (reason.holds, reason.leaves[0].actual) == (False, "no browser or app")


def test_a_no_is_turned_back_by_the_browser_that_said_it_and_by_no_new_one(
    client: Client, web: ChannelAccount, server: Server, key: str
) -> None:
    vera, old = make_customer(), Browser(f"{server.url}/wp/old")
    who = {"userId": "V-1", "userHash": sign("V-1")}
    subscribe(client, key, old, **who)
    call(client, "unsubscribe", key, subscription=old.subscription)
    subscribe(client, key, Browser(f"{server.url}/wp/new"), **who)
    vera.refresh_from_db()
    assert vera.push_consent == "unsubscribed"
    assert send(vera, make_push()).reason == "no_consent"
    subscribe(client, key, old, **who)
    vera.refresh_from_db()
    assert vera.push_consent == "subscribed"


def test_the_hash_of_one_tenant_or_customer_proves_nothing_for_another(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    signed = sign("V-1")
    assert (proves("V-1", signed), proves("V-1", signed.upper())) == (True, True)
    assert (proves("V-2", signed), proves("V-1", ""), proves("", sign(""))) == (False,) * 3
    with tenant_scope(other_tenant.pk):
        assert not proves("V-1", signed)


@pytest.mark.parametrize(
    ("endpoint", "is_one"),
    [
        ("https://fcm.googleapis.com/fcm/send/x", True),
        ("https://web.push.apple.com/x", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/x", True),
        ("https://db5p.notify.windows.com/w/?token=x", True),
        ("https://fcm.googleapis.com:443/x", True),
        ("http://fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com:444/x", False),
        ("https://fcm.googleapis.com@evil.example/x", False),
        ("https://me@fcm.googleapis.com/x", False),
        ("https://fcm.googleapis.com.evil.example/x", False),
        ("https://evilfcm.googleapis.com/x", False),
        ("https://evil.example/.push.services.mozilla.com", False),
        ("https://push.services.mozilla.com.evil.example/x", False),
        ("https://[x", False),
        ("https://fcm.googleapis.com:x/", False),
        ("http://127.0.0.1:9/x", False),
        ("", False),
    ],
)
def test_push_messages_go_to_the_makers_of_browsers_alone(endpoint: str, is_one: bool) -> None:
    assert is_push_service(endpoint) is is_one
    assert is_push_service("http://127.0.0.1:9/x", allow_loopback=True)


def test_an_endpoint_that_is_no_push_service_is_not_asked(
    web: ChannelAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = json.dumps(Browser("https://push.example/1").subscription)
    monkeypatch.setattr(push_web, "Client", None)
    with pytest.raises(PushGone, match="none of a push service"):
        send_web(
            as_account(web),
            OutgoingPush(target=target, title="Hello", body="", url="", reference="1-1"),
        )
