"""Under which terms a form is sent: those that were seen, and of today; and when a code is told."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from crm.models import ConsentEvent
from messaging.models import SignUpForm
from messaging.queries.signup import public_key
from tenants.models import Tenant
from tests.factories.signup import EMAIL, PHONE, make_form
from tests.messaging.test_signup import SITE, count_all, fill, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker"), pytest.mark.covers("C1")]


@pytest.fixture
def client() -> Client:
    return Client(headers=SITE, enforce_csrf_checks=True)


@pytest.fixture
def form(shop: Tenant) -> SignUpForm:
    return make_form()


@pytest.mark.parametrize(
    "change",
    [
        {"consent_version": 2, "consent_text": "Yes, call me at night."},
        {"channels": ["email", "sms"]},
        {"has_consent_box": True},
    ],
)
def test_nobody_agrees_to_words_that_they_did_not_see(
    client: Client, shop: Tenant, noon: time_machine.Traveller, change: dict[str, Any]
) -> None:
    form = make_form(EMAIL, PHONE)
    body = fill(noon, form, agreed=True, phone="+447700900123")
    SignUpForm.objects.update(**change)
    before = count_all()
    answer = send(client, form, body)
    assert answer.status_code == 409
    assert count_all() == before
    form.refresh_from_db()
    now = answer.json()["form"]
    assert now["consent"] == {"text": form.consent_text, "box": form.has_consent_box}
    noon.shift(timedelta(seconds=5))
    assert send(client, form, body | {"ticket": now["ticket"]}).status_code == 200
    versions = ConsentEvent.objects.values_list("text_version", flat=True)
    assert set(versions) == {f"form {form.pk}, version {form.consent_version}"}


def test_what_is_no_matter_of_consent_may_change_meanwhile(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    body = fill(noon, form)
    SignUpForm.objects.update(title="Another title")
    assert send(client, form, body).status_code == 200


def test_a_ticket_is_good_for_a_day(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    late, in_time = fill(noon, form), fill(noon, form)
    noon.shift(timedelta(hours=23))
    assert send(client, form, in_time).status_code == 200
    before = count_all()
    noon.shift(timedelta(hours=1, minutes=1))
    answer = send(client, form, late)
    assert (answer.status_code, list(answer.json())) == (409, ["form"])
    assert count_all() == before


def test_a_page_whose_words_changed_shows_them_before_it_is_sent_again(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, kind="page", has_consent_box=True)
    address = f"/f/{public_key(form)}"
    hidden = dict(re.findall(r'name="(ticket|id)" value="([^"]+)"', client.get(address).text))
    SignUpForm.objects.update(consent_version=2, consent_text="Yes, call me at night.")
    noon.shift(timedelta(seconds=5))
    before = count_all()
    said = {"email": "zoe@example.com", "agreed": "1"}
    answer = client.post(address, hidden | said)
    assert answer.status_code == 422
    assert count_all() == before
    assert "This form has changed." in answer.text
    assert "Yes, call me at night." in answer.text
    assert "checked" not in answer.text
    again = dict(re.findall(r'name="(ticket|id)" value="([^"]+)"', answer.text))
    noon.shift(timedelta(seconds=5))
    assert client.post(address, again | said).status_code == 200
    assert ConsentEvent.objects.get().text_version == f"form {form.pk}, version 2"


def test_a_code_is_told_to_who_signed_up_and_to_nobody_before(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, success_code="HELLO10")
    assert "HELLO10" not in client.get(f"/forms/{public_key(form)}.json").text
    robot = send(client, form, {**fill(noon, form), "trap": "0123"})
    assert robot.json() == {"ok": True}
    assert "HELLO10" not in send(client, form, fill(noon, form, email="")).text
    assert send(client, form, fill(noon, form)).json() == {"ok": True, "code": "HELLO10"}
