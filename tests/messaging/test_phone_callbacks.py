"""What Twilio, Vonage and Meta tell, and whom they are believed."""

from datetime import UTC, datetime

import pytest

from messaging.channels import sms_vonage, twilio, whatsapp_meta
from messaging.channels.base import CallbackRequest, SignatureInvalid
from tests.support import twilio_api, vonage_api, whatsapp_api
from tests.support.phone_accounts import HOOK, of_meta, of_twilio, of_vonage

pytestmark = pytest.mark.covers("M1", "M5")


def test_twilio_tells_what_became_of_a_message() -> None:
    url = f"{HOOK}?reference=1-7"
    sent = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": "+447700900123"}
    answer = twilio.read_callback(of_twilio(), twilio_api.callback(url, sent))
    [event] = answer.events
    assert (event.kind, event.provider_id, event.reference) == ("delivered", "SM1", "1-7")
    assert (event.dedupe_key, event.recipient) == ("SM1:delivered", "+447700900123")
    assert (answer.status, answer.content_type) == (200, "text/xml")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        ("undelivered", "30003", "bounced_soft"),
        ("undelivered", "30005", "bounced_hard"),
        ("undelivered", "30006", "bounced_hard"),
        ("undelivered", "30007", "blocked"),
        ("failed", "21610", "unsubscribed"),
        ("failed", "63016", "failed"),
        ("failed", "63024", "bounced_hard"),
        ("canceled", "", "failed"),
        ("read", "", "read"),
    ],
)
def test_twilio_says_why_a_message_did_not_arrive(status: str, code: str, kind: str) -> None:
    form = {"MessageSid": "SM1", "MessageStatus": status, "ErrorCode": code}
    [event] = twilio.read_callback(of_twilio(), twilio_api.callback(HOOK, form)).events
    assert (event.kind, event.code) == (kind, code)


def test_what_twilio_has_only_queued_is_no_news() -> None:
    for status in ("accepted", "scheduled", "queued", "sending"):
        form = {"MessageSid": "SM1", "MessageStatus": status}
        assert twilio.read_callback(of_twilio(), twilio_api.callback(HOOK, form)).events == ()


def test_twilio_signs_a_json_body_by_its_digest() -> None:
    said = {"MessageSid": "SM1", "MessageStatus": "read"}
    request = twilio_api.json_callback(HOOK, said)
    [event] = twilio.read_callback(of_twilio(), request).events
    assert event.kind == "read"
    forged = CallbackRequest(
        "POST", request.url, request.headers, request.query, request.body + b" "
    )
    with pytest.raises(SignatureInvalid):
        twilio.read_callback(of_twilio(), forged)


def test_a_callback_that_twilio_did_not_sign_is_refused() -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "read", "Note": ""}
    request = twilio_api.callback(HOOK, form)
    changed = CallbackRequest("POST", request.url, request.headers, {}, b"MessageSid=SM2")
    unsigned = CallbackRequest("POST", request.url, {}, {}, request.body)
    other = twilio_api.callback(HOOK, form, token="another")
    assert len(twilio.read_callback(of_twilio(), request).events) == 1
    for refused_one in (changed, unsigned, other):
        with pytest.raises(SignatureInvalid):
            twilio.read_callback(of_twilio(), refused_one)


def test_twilio_may_sign_the_address_with_its_port() -> None:
    form = {"MessageSid": "SM1", "MessageStatus": "read"}
    signed = twilio_api.callback(HOOK.replace(".example/", ".example:443/"), form)
    request = CallbackRequest("POST", HOOK, signed.headers, {}, signed.body)
    assert len(twilio.read_callback(of_twilio(), request).events) == 1


def test_vonage_tells_what_became_of_a_message() -> None:
    request = vonage_api.callback(vonage_api.status("u-1", "delivered"))
    [event] = sms_vonage.read_callback(of_vonage(), request).events
    assert (event.kind, event.provider_id, event.reference) == ("delivered", "u-1", "1-7")
    assert event.at == datetime(2026, 6, 1, 12, 0, 5, tzinfo=UTC)
    assert (event.recipient, event.sender) == ("+447700900123", "+447700900000")


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("1180", "bounced_soft"),
        ("1190", "bounced_hard"),
        ("1210", "blocked"),
        ("1240", "unsubscribed"),
        ("1120", "failed"),
    ],
)
def test_vonage_says_why_a_message_did_not_arrive(code: str, kind: str) -> None:
    error = {"type": f"https://developer.nexmo.com/api-errors/messages-olympus#{code}"}
    said = vonage_api.status("u-1", "undeliverable", error={**error, "title": code})
    [event] = sms_vonage.read_callback(of_vonage(), vonage_api.callback(said)).events
    assert (event.kind, event.code) == (kind, code)


def test_a_token_of_vonage_holds_for_its_own_body_and_account() -> None:
    said = vonage_api.status("u-1", "delivered")
    good = vonage_api.callback(said)
    no_digest = {"authorization": f"Bearer {vonage_api.sign({})}"}
    foreign = vonage_api.sign({"payload_hash": "0", "api_key": "other"})
    for request in (
        CallbackRequest("POST", good.url, good.headers, {}, good.body + b" "),
        CallbackRequest("POST", good.url, {}, {}, good.body),
        CallbackRequest("POST", good.url, no_digest, {}, good.body),
        CallbackRequest("POST", good.url, {"authorization": f"Bearer {foreign}"}, {}, good.body),
        vonage_api.callback(said, secret="another"),
        vonage_api.callback(said, alg="none"),
    ):
        with pytest.raises(SignatureInvalid):
            sms_vonage.read_callback(of_vonage(), request)


def test_vonage_brings_what_people_write() -> None:
    said = {
        "channel": "sms",
        "message_uuid": "u-2",
        "to": "447700900000",
        "from": "447700900123",
        "timestamp": "2026-06-01T12:00:05Z",
        "text": "Is it in stock?",
        "sms": {"num_messages": "1", "keyword": "IS"},
    }
    [event] = sms_vonage.read_callback(of_vonage(), vonage_api.callback(said)).events
    assert (event.kind, event.text, event.sender) == (
        "inbound",
        "Is it in stock?",
        "+447700900123",
    )


def test_meta_asks_whether_the_address_is_ours() -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1158201444"}
    ours = CallbackRequest("GET", HOOK, {}, {**query, "hub.verify_token": whatsapp_api.VERIFY}, b"")
    answer = whatsapp_meta.read_callback(of_meta(), ours)
    assert (answer.status, answer.body, answer.events) == (200, b"1158201444", ())
    other = CallbackRequest("GET", HOOK, {}, {**query, "hub.verify_token": "guess"}, b"")
    with pytest.raises(SignatureInvalid):
        whatsapp_meta.read_callback(of_meta(), other)


def test_meta_tells_of_several_messages_in_any_order() -> None:
    stamp = {"timestamp": "1780315205", "recipient_id": "972987654321"}
    said = whatsapp_api.update(
        statuses=[
            {"id": "wamid.1", "status": "read", "biz_opaque_callback_data": "1-7", **stamp},
            {"id": "wamid.1", "status": "delivered", **stamp},
            {"id": "wamid.2", "status": "failed", "errors": [{"code": 131050}], **stamp},
            {"id": "wamid.3", "status": "deleted", **stamp},
        ]
    )
    events = whatsapp_meta.read_callback(of_meta(), whatsapp_api.callback(said)).events
    assert [(each.kind, each.provider_id) for each in events] == [
        ("read", "wamid.1"),
        ("delivered", "wamid.1"),
        ("unsubscribed", "wamid.2"),
    ]
    assert events[0].reference == "1-7"
    assert events[0].at == datetime(2026, 6, 1, 12, 0, 5, tzinfo=UTC)


def test_who_wants_no_marketing_in_whatsapp_itself_counts_as_stop() -> None:
    said = whatsapp_api.update()
    wish = {
        "wa_id": "972987654321",
        "category": "marketing_messages",
        "value": "stop",
        "detail": "User requested to stop marketing messages",
        "timestamp": 1780315205,
    }
    change = said["entry"][0]["changes"][0]
    change["field"] = "user_preferences"
    change["value"]["user_preferences"] = [wish, {**wish, "value": "resume"}]
    [event] = whatsapp_meta.read_callback(of_meta(), whatsapp_api.callback(said)).events
    assert (event.kind, event.code, event.sender) == ("inbound", "STOP", "+972987654321")
    assert event.dedupe_key == event.provider_id
    assert event.dedupe_key.startswith("wish:")
    assert "972987654321" not in event.dedupe_key
    [again] = whatsapp_meta.read_callback(of_meta(), whatsapp_api.callback(said)).events
    assert again.dedupe_key == event.dedupe_key


def test_what_belongs_to_another_number_of_the_business_is_left_out() -> None:
    said = whatsapp_api.update(statuses=[{"id": "wamid.1", "status": "read"}])
    said["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "9"
    assert whatsapp_meta.read_callback(of_meta(), whatsapp_api.callback(said)).events == ()


def test_a_request_that_meta_did_not_sign_is_refused() -> None:
    said = whatsapp_api.update(statuses=[{"id": "wamid.1", "status": "read"}])
    good = whatsapp_api.callback(said)
    for request in (
        CallbackRequest("POST", HOOK, good.headers, {}, good.body + b" "),
        CallbackRequest("POST", HOOK, {}, {}, good.body),
        whatsapp_api.callback(said, secret="another"),
    ):
        with pytest.raises(SignatureInvalid):
            whatsapp_meta.read_callback(of_meta(), request)
