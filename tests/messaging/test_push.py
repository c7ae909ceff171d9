"""Push: tokens of browsers and apps, one message to all of them, and both providers' protocols."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from django.conf import settings
from django.test import Client

from crm.models import ConsentEvent, Identity, Profile
from crm.services.consent import record_consent
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from messaging.channels.base import (
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    OutcomeUnknown,
    OutgoingPush,
)
from messaging.channels.push import PushBundle, PushChannel, PushGone, PushItem
from messaging.channels.push_fcm import send_fcm
from messaging.channels.push_web import send_web
from messaging.domain.web_push import encrypt
from messaging.models import ChannelAccount, PushToken
from messaging.services.accounts import as_account, check_account, connect_account
from messaging.types import AccountData
from tenants.models import Tenant
from tests.factories.messaging import make_recipient
from tests.factories.push import call, make_push, make_token, send
from tests.support.push_services import (
    Browser,
    Firebase,
    Server,
    fcm_error,
    from_text,
    read_vapid,
    to_text,
)

APPLE = "https://web.push.apple.com"

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker"), pytest.mark.covers("M10")]


@pytest.fixture
def firebase(shop: Tenant, server: Server) -> Firebase:
    return Firebase(server)


@pytest.fixture
def fcm(firebase: Firebase) -> ChannelAccount:
    credentials = {"service_account": firebase.service_account}
    return connect_account(AccountData("push", "fcm", "App", credentials, {}), actor="a@b.example")


def say_yes(who: Profile) -> None:
    record_consent(who.pk, "push", "subscribed", method="push_prompt")


def test_one_message_goes_to_every_device_and_each_can_read_it(
    web: ChannelAccount, fcm: ChannelAccount, firebase: Firebase, server: Server
) -> None:
    ada, browser = make_recipient(), Browser(f"{server.url}/wp/one")
    make_token(ada, web, json.dumps(browser.subscription))
    make_token(ada, fcm, "app-token", platform="android")
    say_yes(ada)
    message = send(ada, make_push())
    assert (message.status, message.address, message.subject) == ("sent", "2 devices", "Hello Ada")
    by_path = {asked.path: asked for asked in server.asked}
    push = by_path["/wp/one"]
    shown = browser.read(push.body)
    assert (shown["title"], shown["body"]) == ("Hello Ada", "New soap is here.")
    assert shown["url"].startswith(f"{settings.PUBLIC_URL}/c/")
    claims, public = read_vapid(push.headers["authorization"])
    assert (claims["aud"], claims["sub"]) == (server.url, "mailto:ada@soap.example")
    assert public == as_account(web).credentials["public_key"]
    assert (push.headers["ttl"], push.headers["content-encoding"]) == ("86400", "aes128gcm")
    asserted = firebase.check_assertion(by_path["/token"])
    assert asserted["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
    told = json.loads(by_path["/v1/projects/soap/messages:send"].body)["message"]
    assert (told["token"], told["notification"]["title"]) == ("app-token", "Hello Ada")
    assert told["data"]["url"] == shown["url"]


def test_what_is_gone_gets_nothing_more_and_the_rest_gets_the_message(
    web: ChannelAccount, server: Server
) -> None:
    ada, browser = make_recipient(), Browser(f"{server.url}/wp/live")
    gone = make_token(ada, web, json.dumps(Browser(f"{server.url}/wp/gone").subscription))
    live = make_token(ada, web, json.dumps(browser.subscription))
    say_yes(ada)
    server.answers["gone"] = (410, {}, b"push subscription has unsubscribed or expired.")
    assert send(ada, make_push()).status == "sent"
    gone.refresh_from_db()
    live.refresh_from_db()
    assert (gone.gone_at is not None, gone.reason.startswith("410")) == (True, True)
    assert live.gone_at is None


def test_without_a_device_nothing_is_tried_and_without_a_yes_nothing_is_promoted(
    web: ChannelAccount, server: Server
) -> None:
    template, ada, zoe = make_push(), make_recipient(), make_recipient()
    make_token(zoe, web, json.dumps(Browser(f"{server.url}/wp/z").subscription))
    assert (send(ada, template).reason, send(zoe, template).reason) == (
        "address_missing",
        "no_consent",
    )
    assert server.asked == []


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (201, None),
        (404, PushGone),
        (410, PushGone),
        (400, ChannelRejected),
        (403, ChannelRejected),
        (413, ChannelRejected),
        (429, ChannelDeferred),
        (503, ChannelDeferred),
    ],
)
def test_what_a_push_service_answers_decides(
    web: ChannelAccount, server: Server, status: int, error: type[Exception] | None
) -> None:
    server.answers["one"] = (status, {"Retry-After": "120"}, b"")
    outgoing = push_to(json.dumps(Browser(f"{server.url}/wp/one").subscription))
    if error is None:
        send_web(as_account(web), outgoing)
        return
    with pytest.raises(error) as caught:
        send_web(as_account(web), outgoing)
    assert type(caught.value) is error
    if isinstance(caught.value, ChannelDeferred):
        assert caught.value.retry_after == timedelta(minutes=2)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (404, fcm_error(404, "NOT_FOUND", "UNREGISTERED"), PushGone),
        (403, fcm_error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), PushGone),
        (
            400,
            fcm_error(
                400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "not a valid FCM registration token"
            ),
            PushGone,
        ),
        (400, fcm_error(400, "INVALID_ARGUMENT"), ChannelRejected),
        (429, fcm_error(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"), ChannelDeferred),
        (503, fcm_error(503, "UNAVAILABLE", "UNAVAILABLE"), ChannelDeferred),
        (500, b"<html>", ChannelDeferred),
        (403, fcm_error(403, "PERMISSION_DENIED"), ChannelUnavailable),
        (401, fcm_error(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), ChannelRejected),
    ],
)
def test_what_firebase_answers_decides(
    fcm: ChannelAccount, server: Server, status: int, body: Any, error: type[Exception]
) -> None:
    server.answers["messages:send"] = (status, {}, body)
    with pytest.raises(error) as caught:
        send_fcm(as_account(fcm), push_to("app-token"))
    assert type(caught.value) is error


def push_to(target: str) -> OutgoingPush:
    return OutgoingPush(target=target, title="Hello", body="", url="", reference="1-1")


def test_a_token_of_google_is_used_until_it_is_refused(fcm: ChannelAccount, server: Server) -> None:
    account = as_account(fcm)
    for _ in range(2):
        send_fcm(account, push_to("app-token"))
    assert [asked.path for asked in server.asked].count("/token") == 1
    server.answers["messages:send"] = (401, {}, fcm_error(401, "UNAUTHENTICATED"))
    with pytest.raises(ChannelUnavailable) as caught:
        send_fcm(account, push_to("app-token"))
    assert caught.value.is_account_fault
    assert [asked.path for asked in server.asked].count("/token") == 2


def test_an_answer_that_is_lost_is_unknown_and_a_server_that_is_away_is_not(
    web: ChannelAccount, server: Server
) -> None:
    server.answers["one"] = None
    with pytest.raises(OutcomeUnknown):
        send_web(as_account(web), push_to(json.dumps(Browser(f"{server.url}/wp/one").subscription)))
    with pytest.raises(ChannelUnavailable):
        send_web(
            as_account(web), push_to(json.dumps(Browser("http://127.0.0.1:9/wp/x").subscription))
        )


def test_no_endpoint_leads_into_the_network_of_patron(
    web: ChannelAccount, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "OUTGOING_PRIVATE", False)
    with pytest.raises(PushGone):
        send_web(as_account(web), push_to(json.dumps(Browser(f"{server.url}/wp/one").subscription)))
    assert server.asked == []


def test_what_nobody_took_waits_and_is_not_lost(web: ChannelAccount, server: Server) -> None:
    server.answers["one"] = (503, {}, b"")
    gone: dict[int, str] = {}
    items = [
        PushItem(number, as_account(web), push_to(json.dumps(Browser(url).subscription)))
        for number, url in enumerate((f"{server.url}/wp/one", f"{server.url}/wp/one"))
    ]
    with pytest.raises(ChannelDeferred):
        PushChannel().send(PushBundle(items, gone.update))
    with pytest.raises(ChannelRejected):
        PushChannel().send(PushBundle([], gone.update))
    assert gone == {}


def test_a_service_account_that_cannot_work_is_said_so_in_words(
    fcm: ChannelAccount, server: Server
) -> None:
    assert check_account(fcm.pk) == ""
    server.answers["token"] = (400, {}, {"error": "invalid_grant", "error_description": "No such"})
    assert check_account(fcm.pk) == "Google gives no token: No such."
    broken = AccountData("push", "fcm", "Other", {"service_account": "{}"}, {})
    made = connect_account(broken, actor="ada@example.com")
    assert "Firebase hands out" in check_account(made.pk)


@pytest.mark.covers("C1")
def test_a_browser_that_says_yes_is_kept_with_proof(
    client: Client, web: ChannelAccount, key: str
) -> None:
    public = call(client, "key", key).json()["publicKey"]
    assert public == as_account(web).credentials["public_key"]
    browser = Browser("https://fcm.googleapis.com/fcm/send/one")
    said = {
        "subscription": browser.subscription,
        "anonymousId": "visitor-1",
        "url": "https://shop.example/soap?x=1",
        "textVersion": "2026-05",
    }
    for _ in range(2):
        answer = call(client, "subscribe", key, **said)
        assert (answer.status_code, answer.json()) == (200, {"success": True})
    token, proof = PushToken.objects.get(), ConsentEvent.objects.get()
    assert token.profile_id == Identity.objects.get(kind="anonymous").profile_id
    assert (proof.channel, proof.state, proof.method) == ("push", "subscribed", "push_prompt")
    assert (proof.source_url, proof.text_version) == ("https://shop.example/soap", "2026-05")
    ended = call(client, "unsubscribe", key, subscription=browser.subscription)
    assert ended.json() == {"success": True}
    token.refresh_from_db()
    assert (token.reason, token.gone_at is not None) == ("unsubscribed", True)
    assert ConsentEvent.objects.order_by("-pk")[0].state == "unsubscribed"
    assert call(client, "subscribe", key, **said).status_code == 200
    token.refresh_from_db()
    assert (token.reason, token.gone_at) == ("", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"anonymousId": "v"},
        {"token": "t", "platform": "windows", "anonymousId": "v"},
        {"token": "t", "platform": "ios"},
        {"subscription": {"endpoint": "http://push.example/1", "keys": {}}, "anonymousId": "v"},
        {"subscription": {"endpoint": "https://push.example/1", "keys": {}}, "anonymousId": "v"},
        {"subscription": {"endpoint": f"{APPLE}/1", "keys": {}}, "anonymousId": "v"},
        {"subscription": Browser("https://push.example/1").subscription, "anonymousId": "v"},
        {"subscription": Browser(f"{APPLE}:8443/1").subscription, "anonymousId": "v"},
        {"token": "t", "platform": "ios", "userId": "V-1", "userHash": "0" * 64},
        {"token": "t", "platform": "ios", "anonymousId": "v", "userHash": "0" * 64},
        {"token": ["t"], "platform": "ios", "anonymousId": "v"},
    ],
)
def test_what_no_message_can_be_sent_to_is_refused(
    client: Client, web: ChannelAccount, key: str, body: dict[str, Any]
) -> None:
    assert call(client, "subscribe", key, **body).status_code == 400
    assert (PushToken.objects.count(), Profile.objects.count()) == (0, 0)


def test_without_a_key_nobody_is_heard(client: Client, web: ChannelAccount, key: str) -> None:
    answer = call(client, "subscribe", key[:-1], token="t", platform="ios", anonymousId="v")
    assert answer.status_code == 401
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_tokens_follow_a_merge_and_go_with_an_erasure(web: ChannelAccount) -> None:
    winner, loser = make_recipient(), make_recipient()
    token = make_token(loser, web, "{}")
    merge_profiles([(winner.pk, loser.pk)], rule="manual")
    token.refresh_from_db()
    assert token.profile_id == winner.pk
    erase_profiles([winner.pk])
    assert PushToken.objects.count() == 0


def test_a_key_pair_is_made_once_and_kept_encrypted(
    web: ChannelAccount, noon: time_machine.Traveller
) -> None:
    del noon
    found = as_account(web).credentials
    assert found["private_key"] not in web.credentials_encrypted
    assert check_account(web.pk) == ""


def test_a_message_is_encrypted_as_the_standard_shows_it() -> None:
    number = int.from_bytes(from_text("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), "big")
    point = (
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
    )
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        point,
        "BTBZMqHH6r4Tts7J_aSIgg",
        salt=from_text("DGv6ra1nlYgDCS1FRnbzlw"),
        key=ec.derive_private_key(number, ec.SECP256R1()),
    )
    assert to_text(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmY"
        "WAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexS"
        "gSxsj_Qulcy4a-fN"
    )
