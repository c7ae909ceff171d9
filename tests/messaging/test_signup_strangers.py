"""What somebody can do with a sign-up form to people whose address or number they type: nothing."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import ConsentEvent, Identity, ProbableDuplicate, Profile
from crm.services.consent import record_consent
from kernel import clock
from messaging.models import ChannelAccount, Message, SignUpForm, Submission
from messaging.queries.signup import public_key
from tenants.models import Tenant
from tests.factories.messaging import make_recipient
from tests.factories.phones import NUMBER, make_caller, make_phone_account
from tests.factories.signup import EMAIL, PHONE, make_body, make_form
from tests.messaging.test_texting import take, text

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker"), pytest.mark.covers("C1")]

MALLORY = "mallory@example.com"
THEIRS = "+447700900999"
SITE = {"origin": "https://shop.example", "user-agent": "Firefox"}


@pytest.fixture
def client() -> Client:
    return Client(headers=SITE, enforce_csrf_checks=True)


@pytest.fixture
def form(shop: Tenant) -> SignUpForm:
    return make_form(EMAIL, PHONE, channels=("email", "sms"), has_consent_box=True)


@pytest.fixture
def sms(shop: Tenant) -> ChannelAccount:
    return make_phone_account("sms", "twilio", {"account_sid": "AC1", "auth_token": "t"})


def send(
    client: Client, noon: time_machine.Traveller, form: SignUpForm, **values: Any
) -> Submission:
    """Send a form as its script does, and return what was kept of it."""
    body = make_body(form, **values)
    noon.shift(timedelta(seconds=5))
    raw = json.dumps(body).encode()
    answer = client.post(f"/forms/{public_key(form)}", raw, content_type="text/plain")
    assert answer.status_code == 200
    return Submission.objects.latest("pk")


def make_zoe(**fields: Any) -> Profile:
    """Somebody whom no store knows, at whom her address points."""
    zoe = make_recipient(email="zoe@example.com", **fields)
    Identity.objects.create(profile=zoe, kind="email", value_norm="zoe@example.com")
    return zoe


def reached(profile: Profile) -> tuple[str, ...]:
    profile.refresh_from_db()
    return (profile.email, profile.email_consent, profile.phone, profile.sms_consent)


@pytest.mark.parametrize("is_customer", [False, True])
def test_whose_number_is_typed_beside_another_address_keeps_their_profile(
    client: Client, form: SignUpForm, noon: time_machine.Traveller, is_customer: bool
) -> None:
    ada = make_caller(source_version_at=clock.now() if is_customer else None)
    before = reached(ada)
    sent = send(client, noon, form, email=MALLORY, phone=NUMBER, agreed=True)
    assert reached(ada) == before == ("", "never", NUMBER, "subscribed")
    assert sent.profile_id != ada.pk
    assert sent.consents == {"email": "subscribed", "sms": "refused"}
    stranger = Profile.objects.get(pk=sent.profile_id or 0)
    assert reached(stranger) == (MALLORY, "subscribed", "", "never")
    assert Identity.objects.get(value_norm=MALLORY).profile_id == stranger.pk
    doubt = ProbableDuplicate.objects.get()
    assert (doubt.one_id, doubt.other_id, doubt.reason) == (ada.pk, stranger.pk, "phone")
    assert not ConsentEvent.objects.filter(profile=ada).exists()
    assert not Message.objects.filter(profile=ada).exists()


@pytest.mark.parametrize("is_agreed", [False, True])
@pytest.mark.parametrize("own", ["", NUMBER])
def test_a_number_typed_beside_a_known_address_takes_over_no_consent(
    client: Client, form: SignUpForm, noon: time_machine.Traveller, own: str, is_agreed: bool
) -> None:
    zoe = make_zoe(phone=own, sms_consent="subscribed")
    before = reached(zoe)
    sent = send(client, noon, form, phone=THEIRS, agreed=is_agreed)
    assert reached(zoe) == before == ("zoe@example.com", "subscribed", own, "subscribed")
    assert sent.profile_id == zoe.pk
    assert sent.consents == ({"email": "kept", "sms": "refused"} if is_agreed else {})
    assert not Identity.objects.filter(value_norm=THEIRS).exists()
    assert not ConsentEvent.objects.exists()


def test_a_number_typed_on_a_customer_without_one_is_not_subscribed(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    zoe = make_zoe(source_version_at=clock.now())
    sent = send(client, noon, form, phone=THEIRS, agreed=True)
    assert reached(zoe) == ("zoe@example.com", "subscribed", "", "never")
    assert sent.consents == {"email": "kept", "sms": "refused"}
    assert not ConsentEvent.objects.exists()


def test_a_yes_is_kept_for_the_address_that_they_had_alone(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    zoe = make_zoe()
    Identity.objects.create(profile=zoe, kind="email", value_norm="zoe@work.example")
    sent = send(client, noon, form, email="zoe@work.example", agreed=True)
    assert reached(zoe) == ("zoe@example.com", "subscribed", "", "never")
    assert (sent.profile_id, sent.consents) == (zoe.pk, {"email": "refused"})
    assert not Message.objects.exists()


def test_a_stranger_who_types_an_address_and_texts_start_undoes_no_stop(
    client: Client, form: SignUpForm, noon: time_machine.Traveller, sms: ChannelAccount
) -> None:
    zoe = make_zoe(phone=NUMBER, source_version_at=clock.now())
    record_consent(zoe.pk, "sms", "unsubscribed", method="keyword")
    send(client, noon, form, phone=THEIRS, agreed=True)
    take(sms, text("START", number=THEIRS))
    assert reached(zoe) == ("zoe@example.com", "subscribed", NUMBER, "unsubscribed")
    stranger = Profile.objects.get(phone=THEIRS)
    assert reached(stranger) == ("", "never", THEIRS, "subscribed")
