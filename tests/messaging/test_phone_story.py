"""One SMS from the queue to the handset and back, over the real edge of callbacks."""

from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import pytest
from django.conf import settings
from django.db import transaction
from django.test import Client

from crm.models import Conversation, Profile
from kernel.batches import Deadline
from kernel.postgres.edge import close_connections
from messaging.channels import twilio
from messaging.models import ChannelAccount, Message, ProviderCallback
from messaging.services import callback_edge
from messaging.services.accounts import callback_url
from messaging.services.callbacks import apply_callbacks
from messaging.services.sending import send_due
from messaging.views.callback_accounts import forget_accounts
from tenants.models import Tenant
from tests.factories.messaging import queue_message
from tests.factories.phones import (
    NUMBER,
    OURS,
    make_caller,
    make_phone_account,
    make_text_template,
)
from tests.support import twilio_api, whatsapp_api
from tests.support.phone_api import serving
from tests.support.twilio_api import TwilioApi

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("messaging.public_urls"),
    pytest.mark.usefixtures("noon"),
    pytest.mark.covers("M1", "M5"),
]


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(callback_edge, "ring_soon", lambda kind, tenant: None)
    forget_accounts()
    yield
    close_connections()


def tell(client: Client, url: str, **form: str) -> int:
    request = twilio_api.callback(url, form)
    path = urlsplit(url)
    return client.post(
        f"{path.path}?{path.query}" if path.query else path.path,
        urlencode(form),
        content_type="application/x-www-form-urlencoded",
        headers={"x-twilio-signature": request.headers["x-twilio-signature"]},
    ).status_code


def apply() -> None:
    apply_callbacks(Deadline(seconds=None))


def test_an_sms_arrives_is_answered_and_ends_the_marketing(
    tenant: Tenant, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction.atomic():
        account = make_phone_account("sms", "twilio", twilio_api.CREDENTIALS)
        ada = make_caller(NUMBER)
        message = queue_message(ada, make_text_template("Sale"), channel="sms")
        hook = callback_url(account)
    with serving(TwilioApi()) as api:
        monkeypatch.setattr(twilio, "API", api.url)
        send_due(Deadline(seconds=None))
        told = api.asked[0].form["StatusCallback"]
        assert told == f"{hook}?reference={tenant.pk}-{message.pk}"
        sid = api.taken[0]
        arrived = {"MessageSid": sid, "MessageStatus": "delivered", "To": NUMBER}
        assert [tell(client, told, **arrived) for _ in range(2)] == [HTTPStatus.OK] * 2
        question = {"SmsStatus": "received", "From": NUMBER, "To": OURS}
        tell(client, hook, MessageSid="SM8", Body="Is it in stock?", **question)
        tell(client, hook, MessageSid="SM9", Body="STOP", **question)
        apply()
        with transaction.atomic():
            message.refresh_from_db()
            assert message.outcome == "delivered"
            found = ProviderCallback.objects.order_by("pk").values_list("kind", "status")
            told_once = [("delivered", "applied"), ("inbound", "applied"), ("inbound", "applied")]
            assert list(found) == told_once
            assert Conversation.objects.get().last_text == "Is it in stock?"
            assert Profile.objects.get().sms_consent == "unsubscribed"
        send_due(Deadline(seconds=None))
        assert api.asked[-1].form["Body"].endswith("Reply START to get them again.")
        assert len(api.taken) == 2
        with transaction.atomic():
            assert set(Message.objects.values_list("status", flat=True)) == {"sent"}


def test_a_callback_that_twilio_did_not_sign_tells_nothing(tenant: Tenant, client: Client) -> None:
    with transaction.atomic():
        account = make_phone_account("sms", "twilio", twilio_api.CREDENTIALS)
        make_caller(NUMBER)
        path = urlsplit(callback_url(account)).path
    said = {"MessageSid": "SM1", "SmsStatus": "received", "From": NUMBER, "Body": "STOP"}
    assert client.post(path, said).status_code == HTTPStatus.UNAUTHORIZED
    apply()
    with transaction.atomic():
        assert Profile.objects.get().sms_consent == "subscribed"


def test_meta_is_answered_its_challenge(tenant: Tenant, client: Client) -> None:
    with transaction.atomic():
        account: ChannelAccount = make_phone_account(
            "whatsapp", "meta", whatsapp_api.CREDENTIALS, options=whatsapp_api.OPTIONS
        )
        path = callback_url(account).removeprefix(settings.PUBLIC_URL)
    asked = {
        "hub.mode": "subscribe",
        "hub.challenge": "1158201444",
        "hub.verify_token": whatsapp_api.VERIFY,
    }
    answer = client.get(path, asked)
    assert (answer.status_code, answer.content) == (HTTPStatus.OK, b"1158201444")
    refused = client.get(path, {**asked, "hub.verify_token": "guess"})
    assert refused.status_code == HTTPStatus.UNAUTHORIZED
