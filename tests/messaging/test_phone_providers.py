"""Twilio, Vonage and Meta, each through a server that speaks its protocol."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from messaging.channels import (
    sms_twilio,
    sms_vonage,
    twilio,
    whatsapp_meta,
    whatsapp_twilio,
)
from messaging.channels.base import (
    Account,
    ChannelDeferred,
    ChannelRejected,
    ChannelUnavailable,
    Handed,
    OutcomeUnknown,
    OutgoingText,
    OutgoingWhatsApp,
)
from tests.support import twilio_api, vonage_api, whatsapp_api
from tests.support.phone_accounts import HOOK, account, of_meta, of_twilio, of_vonage
from tests.support.phone_api import LOST, PhoneApi, Reply, serving
from tests.support.twilio_api import TwilioApi
from tests.support.vonage_api import VonageApi
from tests.support.whatsapp_api import WhatsAppApi

pytestmark = pytest.mark.covers("M1")

TEXT = OutgoingText(
    to="+447700900123",
    sender="+447700900000",
    text="Hello Ada",
    reference="1-7",
    country="GB",
)
APPROVED = OutgoingWhatsApp(
    to="+972987654321",
    sender="+972123456789",
    reference="1-7",
    template="order_shipped",
    language="en_GB",
    category="utility",
    variables=("Ada", "#1001"),
    buttons=("track/1001",),
)
FREE = OutgoingWhatsApp(
    to="+972987654321", sender="+972123456789", reference="1-7", text="On its way"
)


@pytest.fixture
def twilio_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioApi]:
    with serving(TwilioApi()) as api:
        monkeypatch.setattr(twilio, "API", api.url)
        yield api


@pytest.fixture
def vonage_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[VonageApi]:
    with serving(VonageApi()) as api:
        monkeypatch.setattr(sms_vonage, "API", api.url)
        monkeypatch.setattr(sms_vonage, "ACCOUNT_API", api.url)
        yield api


@pytest.fixture
def meta_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[WhatsAppApi]:
    with serving(WhatsAppApi(templates={"order_shipped"})) as api:
        monkeypatch.setattr(whatsapp_meta, "API", api.url)
        yield api


def send(found: Account, message: Any) -> Handed:
    provider = {
        ("sms", "twilio"): sms_twilio.PROVIDER,
        ("sms", "vonage"): sms_vonage.PROVIDER,
        ("whatsapp", "twilio"): whatsapp_twilio.PROVIDER,
        ("whatsapp", "meta"): whatsapp_meta.PROVIDER,
    }[found.channel, found.provider]
    return provider.open(found).send(message)


def test_twilio_takes_an_sms_and_is_told_where_to_call_back(twilio_server: TwilioApi) -> None:
    long = OutgoingText(TEXT.to, TEXT.sender, "x" * 200, "1-7")
    assert send(of_twilio(), long) == Handed(twilio_server.taken[0], 2)
    [asked] = twilio_server.asked
    assert asked.form == {
        "To": "+447700900123",
        "From": "+447700900000",
        "Body": "x" * 200,
        "StatusCallback": f"{HOOK}?reference=1-7",
    }


def test_twilio_chooses_the_number_of_a_messaging_service(twilio_server: TwilioApi) -> None:
    anyone = OutgoingText(TEXT.to, "", "Hello", "1-7")
    send(of_twilio(messaging_service_sid="MG1"), anyone)
    assert twilio_server.asked[0].form["MessagingServiceSid"] == "MG1"
    assert "From" not in twilio_server.asked[0].form


def test_twilio_sends_a_content_template_on_whatsapp(twilio_server: TwilioApi) -> None:
    found = of_twilio(whatsapp_twilio.PROVIDER)
    send(found, APPROVED)
    send(found, FREE)
    approved, free = (asked.form for asked in twilio_server.asked)
    assert (approved["To"], approved["From"]) == (
        "whatsapp:+972987654321",
        "whatsapp:+972123456789",
    )
    assert approved["ContentSid"] == "order_shipped"
    assert approved["ContentVariables"] == '{"1": "Ada", "2": "#1001", "3": "track/1001"}'
    assert "Body" not in approved
    assert free["Body"] == "On its way"


def test_vonage_takes_an_sms(vonage_server: VonageApi) -> None:
    emoji = OutgoingText(TEXT.to, TEXT.sender, "🎁" * 40, "1-7")
    assert send(of_vonage(), emoji) == Handed(vonage_server.taken[0], 2)
    assert vonage_server.asked[0].json == {
        "channel": "sms",
        "message_type": "text",
        "to": "447700900123",
        "from": "447700900000",
        "text": "🎁" * 40,
        "client_ref": "1-7",
        "webhook_url": HOOK,
        "webhook_version": "v1",
    }


def test_meta_takes_an_approved_template_and_free_text(meta_server: WhatsAppApi) -> None:
    meta_server.open.add("972987654321")
    assert send(of_meta(), APPROVED) == Handed("wamid.1")
    assert send(of_meta(), FREE) == Handed("wamid.2")
    approved, free = (asked.json for asked in meta_server.asked)
    assert approved["biz_opaque_callback_data"] == "1-7"
    assert approved["template"] == {
        "name": "order_shipped",
        "language": {"code": "en_GB"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "Ada"}, {"type": "text", "text": "#1001"}],
            },
            {
                "type": "button",
                "sub_type": "url",
                "index": "0",
                "parameters": [{"type": "text", "text": "track/1001"}],
            },
        ],
    }
    assert free["text"] == {"body": "On its way", "preview_url": True}


def test_a_landline_is_dead_and_who_left_is_unsubscribed(twilio_server: TwilioApi) -> None:
    with pytest.raises(ChannelRejected) as dead:
        send(of_twilio(), OutgoingText(twilio_api.DEAD, TEXT.sender, "Hello", "1-7"))
    assert (dead.value.is_address_dead, dead.value.is_unsubscribed) == (True, False)
    with pytest.raises(ChannelRejected, match="21610") as left:
        send(of_twilio(), OutgoingText(twilio_api.LEFT, TEXT.sender, "Hello", "1-7"))
    assert (left.value.is_address_dead, left.value.is_unsubscribed) == (False, True)
    assert twilio_server.taken == []


def refused(provider: str, status: int, code: int) -> Reply:
    match provider:
        case "twilio":
            return twilio_api.refusal(status, code, "No")
        case "vonage":
            return vonage_api.refusal(status, str(code), "No")
        case _:
            return whatsapp_api.refusal(status, code, "No")


@pytest.mark.parametrize(
    ("provider", "status", "code", "error", "said"),
    [
        ("twilio", 400, 21408, ChannelRejected, {}),
        ("twilio", 400, 14107, ChannelDeferred, {}),
        ("twilio", 403, 20005, ChannelUnavailable, {"is_account_fault": True}),
        ("twilio", 500, 20500, OutcomeUnknown, {}),
        ("vonage", 422, 1120, ChannelRejected, {}),
        ("vonage", 422, 1240, ChannelRejected, {"is_unsubscribed": True}),
        ("vonage", 422, 1170, ChannelRejected, {"is_address_dead": True}),
        ("vonage", 402, 1070, ChannelUnavailable, {"is_account_fault": True}),
        ("vonage", 422, 1241, ChannelDeferred, {}),
        ("meta", 400, 131026, ChannelRejected, {"is_address_dead": False}),
        ("meta", 400, 131050, ChannelRejected, {"is_unsubscribed": True}),
        ("meta", 400, 131056, ChannelDeferred, {}),
        ("meta", 401, 190, ChannelUnavailable, {"is_account_fault": True}),
        ("meta", 403, 200, ChannelUnavailable, {"is_account_fault": True}),
        ("meta", 500, 131016, ChannelUnavailable, {"is_account_fault": False}),
        ("meta", 500, 131009, OutcomeUnknown, {}),
    ],
)
def test_each_refusal_means_one_thing(  # noqa: PLR0913, PLR0917 one row, three servers
    twilio_server: TwilioApi,
    vonage_server: VonageApi,
    meta_server: WhatsAppApi,
    provider: str,
    status: int,
    code: int,
    error: type[Exception],
    said: dict[str, bool],
) -> None:
    servers: dict[str, tuple[PhoneApi, Account, Any]] = {
        "twilio": (twilio_server, of_twilio(), TEXT),
        "vonage": (vonage_server, of_vonage(), TEXT),
        "meta": (meta_server, of_meta(), APPROVED),
    }
    server, found, message = servers[provider]
    server.fails.append(refused(provider, status, code))
    with pytest.raises(error) as raised:
        send(found, message)
    assert {name: getattr(raised.value, name) for name in said} == said
    assert str(code) in str(raised.value)
    assert server.taken == []


def test_a_limit_of_the_account_blames_no_message_and_says_how_long(
    twilio_server: TwilioApi, vonage_server: VonageApi, meta_server: WhatsAppApi
) -> None:
    wait = {"Retry-After": "7"}
    twilio_server.fails.append(twilio_api.refusal(429, 20429, "Too Many Requests", **wait))
    vonage_server.fails.append(vonage_api.refusal(429, "1010", "Rate Limit Hit", **wait))
    meta_server.fails.append(whatsapp_api.refusal(400, 130429, "Rate limit hit", **wait))
    for found, message in ((of_twilio(), TEXT), (of_vonage(), TEXT), (of_meta(), APPROVED)):
        with pytest.raises(ChannelUnavailable) as raised:
            send(found, message)
        assert raised.value.retry_after == timedelta(seconds=7)
        assert not raised.value.is_account_fault


def test_an_answer_that_is_lost_leaves_the_outcome_unknown(
    twilio_server: TwilioApi, vonage_server: VonageApi, meta_server: WhatsAppApi
) -> None:
    servers: list[tuple[PhoneApi, Account, Any]] = [
        (twilio_server, of_twilio(), TEXT),
        (vonage_server, of_vonage(), TEXT),
        (meta_server, of_meta(), APPROVED),
    ]
    for server, found, message in servers:
        server.fails.append(LOST)
        with pytest.raises(OutcomeUnknown):
            send(found, message)
        assert len(server.taken) == 1
        server.fails.append((502, {}, None))
        with pytest.raises(OutcomeUnknown):
            send(found, message)
        server.fails.append((503, {"Retry-After": "3"}, None))
        with pytest.raises(ChannelUnavailable):
            send(found, message)


def test_a_provider_that_is_not_there_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio, "API", "http://127.0.0.1:9")
    with pytest.raises(ChannelUnavailable):
        send(of_twilio(), TEXT)


def test_accounts_are_checked(
    twilio_server: TwilioApi, vonage_server: VonageApi, meta_server: WhatsAppApi
) -> None:
    assert sms_twilio.check(of_twilio()) == ""
    assert sms_vonage.check(of_vonage()) == ""
    assert whatsapp_meta.check(of_meta()) == ""
    twilio_server.status = "suspended"
    assert sms_twilio.check(of_twilio()) == "Twilio says that the account is suspended."
    wrong = {**twilio_api.CREDENTIALS, "auth_token": "other"}
    said = sms_twilio.check(account(sms_twilio.PROVIDER, wrong))
    assert said == "Twilio does not accept this account SID and auth token."
    bad = {**vonage_api.CREDENTIALS, "api_secret": "other"}
    said = sms_vonage.check(account(sms_vonage.PROVIDER, bad))
    assert said == "Vonage does not accept this API key and secret."
    said = whatsapp_meta.check(
        account(whatsapp_meta.PROVIDER, {"access_token": "x"}, **whatsapp_api.OPTIONS)
    )
    assert said.startswith("WhatsApp does not accept this access token for this number:")


def test_a_region_of_twilio_has_an_address_of_its_own() -> None:
    found = twilio._base(of_twilio(region="ie1"))
    assert found == f"https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/{twilio_api.SID}"
