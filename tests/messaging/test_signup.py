"""What somebody sends on a sign-up form: profile, proof of consent, event; and what is kept out."""

import json
import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.test import Client

from crm.models import ConsentEvent, Event, Identity, Profile
from crm.services.consent import record_consent, suppress
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from kernel import clock
from kernel.batches import Deadline
from messaging.models import Message, SignUpDay, SignUpForm, Submission
from messaging.queries.signup import public_key
from messaging.services.sending import send_due
from messaging.services.topics import add_topic
from tenants.models import Tenant
from tests.factories.messaging import make_recipient
from tests.factories.signup import (
    BATHS,
    BIRTHDAY,
    EMAIL,
    FIRST_NAME,
    LIKES,
    PHONE,
    SKIN,
    VEGAN,
    make_body,
    make_form,
)
from tests.support.smtp import SmtpServer

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

SITE = {"origin": "https://shop.example", "user-agent": "Firefox"}


@pytest.fixture
def client() -> Client:
    return Client(headers=SITE, enforce_csrf_checks=True)


@pytest.fixture
def form(shop: Tenant) -> SignUpForm:
    return make_form()


def send(client: Client, form: SignUpForm, body: Any, path: str = "") -> Any:
    """Send what the script sends, as it sends it: text that is JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    address = f"/forms/{public_key(form)}{path}"
    return client.post(address, raw, content_type="text/plain;charset=UTF-8")


def fill(noon: time_machine.Traveller, form: SignUpForm, **values: Any) -> dict[str, Any]:
    """Return what is sent by somebody who took their time."""
    body = make_body(form, **values)
    noon.shift(timedelta(seconds=5))
    return body


def count_all() -> list[int]:
    counted = (Profile, Submission, ConsentEvent, Event, Identity, Message, SignUpDay)
    return [model._default_manager.count() for model in counted]


@pytest.mark.covers("C1", "A18")
def test_who_sends_a_form_is_a_profile_with_proof_of_what_they_agreed_to(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    answer = send(client, form, fill(noon, form))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Set-Cookie" not in answer.headers
    person = Profile.objects.get()
    assert (person.email, person.email_consent) == ("zoe@example.com", "subscribed")
    proof = ConsentEvent.objects.get()
    assert (proof.method, proof.detail, proof.state) == ("form", "Welcome", "subscribed")
    assert proof.text_version == f"form {form.pk}, version 1"
    assert (proof.ip, proof.user_agent) == ("127.0.0.1", "Firefox")
    assert proof.source_url == "https://shop.example/soap"
    event = Event.objects.get(name="Form Submitted")
    assert (event.profile_id, event.object_id) == (person.pk, form.pk)
    assert (event.properties["source"], event.properties["form"]) == ("news", "Welcome")
    submission = Submission.objects.get()
    assert (submission.profile_id, submission.source) == (person.pk, "news")
    assert submission.consents == {"email": "subscribed"}


@pytest.mark.covers("C7")
def test_answers_become_typed_properties_of_the_profile(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, FIRST_NAME, BIRTHDAY, SKIN, LIKES, BATHS, VEGAN)
    said = {
        "first_name": "Zoë",
        "birthday": "1990-02-28",
        "skin_type": "Dry",
        "likes": ["Soap", "Tea"],
        "baths_a_week": "2.5",
        "is_vegan": "no",
    }
    assert send(client, form, fill(noon, form, **said)).status_code == 200
    person = Profile.objects.get()
    assert person.first_name == "Zoë"
    assert person.properties == {
        "birthday": "1990-02-28",
        "skin_type": "Dry",
        "likes": ["Soap", "Tea"],
        "baths_a_week": 2.5,
        "is_vegan": False,
    }


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"email": ""}, "email"),
        ({"email": "zoe@"}, "email"),
        ({"email": "zoe,yan@example.com"}, "email"),
        ({"phone": "12"}, "phone"),
        ({"birthday": "2999-01-01"}, "birthday"),
        ({"first_name": "https://evil.example"}, "first_name"),
        ({"first_name": "Ada, see www.evil"}, "first_name"),
        ({"first_name": "Evil.Example/x"}, "first_name"),
        ({"skin_type": "Green"}, "skin_type"),
        ({"likes": ["Soap", "Beer"]}, "likes"),
        ({"baths_a_week": "many"}, "baths_a_week"),
        ({"email": {"$ne": ""}}, "email"),
    ],
)
def test_what_cannot_be_right_is_refused_at_its_field_and_leaves_nothing(
    client: Client,
    shop: Tenant,
    noon: time_machine.Traveller,
    values: dict[str, Any],
    field: str,
) -> None:
    form = make_form(EMAIL, PHONE, FIRST_NAME, BIRTHDAY, SKIN, LIKES, BATHS)
    before = count_all()
    answer = send(client, form, fill(noon, form, **values))
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
    assert count_all() == before


@pytest.mark.parametrize("name", ["J. R. R.", "A.J.", "Anne-Marie O’Hara", "St. John", "李 明"])
def test_a_name_with_dots_is_a_name(
    client: Client, shop: Tenant, noon: time_machine.Traveller, name: str
) -> None:
    form = make_form(EMAIL, FIRST_NAME)
    assert send(client, form, fill(noon, form, first_name=name)).status_code == 200
    assert Profile.objects.get().first_name == name


def test_the_same_submission_is_taken_once(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    body = fill(noon, form)
    assert send(client, form, body).status_code == 200
    before = count_all()
    assert send(client, form, body).json() == {"ok": True}
    assert count_all() == before
    assert SignUpDay.objects.get().submissions == 1


def test_a_robot_that_fills_in_everything_is_thanked_and_leaves_nothing(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    before = count_all()
    answer = send(client, form, {**fill(noon, form), "trap": "0123"})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert count_all() == before


def test_who_is_faster_than_anybody_types_is_asked_to_wait_and_then_taken(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    body, before = make_body(form), count_all()
    answer = send(client, form, body)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert count_all() == before
    noon.shift(timedelta(seconds=3))
    assert send(client, form, body).status_code == 200
    assert Profile.objects.count() == 1


def test_a_flood_from_one_address_is_turned_away_and_leaves_nothing(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    for number in range(10):
        body = fill(noon, form, email=f"person{number}@example.com")
        assert send(client, form, body).status_code == 200
    before = count_all()
    answer = send(client, form, fill(noon, form))
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) == answer.json()["wait"] > 300
    assert count_all() == before
    other = make_form(name="Footer")
    assert send(client, other, fill(noon, other)).status_code == 200
    noon.shift(timedelta(minutes=10))
    assert send(client, form, fill(noon, form)).status_code == 200


@pytest.mark.parametrize("raw", [b"", b"[]", b"{", b'{"id": "x"}', b'{"id": null, "values": 1}'])
def test_a_body_that_no_form_sends_is_refused(client: Client, form: SignUpForm, raw: bytes) -> None:
    assert send(client, form, raw).status_code == 400
    assert Submission.objects.count() == 0


def test_a_ticket_of_another_form_lets_nobody_in(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    other = make_form(name="Other")
    body = fill(noon, form) | {"ticket": make_body(other)["ticket"]}
    assert send(client, form, body).status_code == 429
    assert Submission.objects.count() == 0


def test_a_form_that_is_not_live_does_not_exist(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    draft = make_form(is_live=False)
    assert send(client, draft, fill(noon, draft)).status_code == 404
    assert client.get(f"/forms/{public_key(draft)}.json").status_code == 404
    assert client.get(f"/f/{public_key(draft)}").status_code == 404
    assert client.get("/forms/9999999-abcdefgh01234567.json").status_code == 404
    assert client.get("/f/nonsense").status_code == 404


def test_a_key_says_nothing_of_another_tenants_form(
    client: Client, form: SignUpForm, other_tenant: Tenant
) -> None:
    stolen = f"{other_tenant.pk}-{form.key}"
    assert client.get(f"/forms/{stolen}.json").status_code == 404
    assert client.get(f"/f/{stolen}").status_code == 404


@pytest.mark.covers("C1")
def test_with_double_opt_in_a_mail_asks_and_one_press_subscribes(
    client: Client, shop: Tenant, smtp: SmtpServer, noon: time_machine.Traveller
) -> None:
    form = make_form(is_double_opt_in=True)
    send(client, form, fill(noon, form))
    person = Profile.objects.get()
    assert (person.email_consent, Submission.objects.get().consents) == (
        "pending",
        {"email": "asked"},
    )
    send_due(Deadline(seconds=None))
    part = smtp.mails[-1].get_body(("html",))
    assert part is not None
    [path] = set(re.findall(r'href="https?://[^/"]+(/s/[^"]+)"', part.get_content()))
    assert client.post(path).status_code == 200
    person.refresh_from_db()
    assert person.email_consent == "subscribed"
    states = ConsentEvent.objects.order_by("pk").values_list("state", "method")
    assert list(states) == [("pending", "form"), ("subscribed", "double_opt_in")]


@pytest.mark.covers("C1")
def test_who_said_no_before_stays_so_until_they_press_the_button_of_the_mail(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    zoe = make_recipient(email="zoe@example.com")
    Identity.objects.create(profile=zoe, kind="email", value_norm="zoe@example.com")
    record_consent(zoe.pk, "email", "unsubscribed", method="one_click")
    send(client, form, fill(noon, form))
    zoe.refresh_from_db()
    assert zoe.email_consent == "unsubscribed"
    assert Message.objects.filter(profile=zoe).count() == 1
    assert Submission.objects.get().consents == {"email": "asked"}


def test_a_suppressed_address_is_not_asked_and_the_answers_are_kept(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, SKIN, is_double_opt_in=True)
    suppress("email", "zoe@example.com", "hard_bounce")
    assert send(client, form, fill(noon, form, skin_type="Oily")).status_code == 200
    assert Submission.objects.get().consents == {"email": "refused"}
    assert Profile.objects.get().properties == {"skin_type": "Oily"}
    assert Message.objects.count() == 0


def test_a_box_that_is_not_ticked_gives_no_consent(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(has_consent_box=True)
    send(client, form, fill(noon, form))
    assert Profile.objects.get().email_consent == "never"
    assert ConsentEvent.objects.count() == 0
    send(client, form, fill(noon, form, agreed=True))
    assert Profile.objects.get().email_consent == "subscribed"
    assert ConsentEvent.objects.count() == 1


@pytest.mark.covers("C1")
def test_a_number_gets_sms_only_when_it_is_theirs_and_never_said_stop(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, PHONE, channels=("sms",))
    send(client, form, fill(noon, form, phone="+44 7700 900123"))
    zoe = Profile.objects.get()
    assert (zoe.phone, zoe.sms_consent, zoe.email_consent) == (
        "+447700900123",
        "subscribed",
        "never",
    )
    record_consent(zoe.pk, "sms", "unsubscribed", method="stop")
    send(client, form, fill(noon, form, phone="+447700900123"))
    zoe.refresh_from_db()
    assert zoe.sms_consent == "unsubscribed"
    outcomes = Submission.objects.order_by("pk").values_list("consents", flat=True)
    assert list(outcomes) == [{"sms": "subscribed"}, {"sms": "refused"}]


def test_a_typed_address_of_somebody_else_changes_neither_name_nor_number_of_a_customer(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, PHONE, FIRST_NAME)
    ada = make_recipient(
        email="ada@example.com", first_name="Ada", source_version_at=clock.now(), phone="+44113"
    )
    Identity.objects.create(profile=ada, kind="email", value_norm="ada@example.com")
    values = {"email": "Ada@Example.com", "first_name": "Mallory", "phone": "+447700900999"}
    send(client, form, fill(noon, form, **values))
    ada.refresh_from_db()
    assert (ada.first_name, ada.phone) == ("Ada", "+44113")


@pytest.mark.covers("C7")
def test_the_visitor_of_the_sites_script_becomes_the_person_who_signed_up(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    visitor = str(uuid4())
    send(client, form, fill(noon, form) | {"anonymousId": visitor})
    found = Identity.objects.get(kind="anonymous")
    assert (found.value_norm, found.profile_id) == (visitor, Profile.objects.get().pk)


def test_a_topic_is_part_of_the_proof(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    topic = add_topic("New products", "", [], actor="ada@example.com")
    form = make_form(topic_id=topic.pk)
    send(client, form, fill(noon, form))
    said = ConsentEvent.objects.order_by("pk").values_list("topic", "state")
    assert list(said) == [("", "subscribed"), ("New products", "subscribed")]


def test_who_was_erased_is_not_brought_back(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    send(client, form, fill(noon, form))
    erase_profiles([Profile.objects.get().pk])
    assert Submission.objects.count() == 0
    before = count_all()
    answer = send(client, form, fill(noon, form))
    assert (answer.status_code, answer.json()) == (200, {"ok": True})
    assert count_all() == before


def test_a_merge_takes_submissions_along(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    send(client, form, fill(noon, form))
    winner, loser = make_recipient(), Profile.objects.get(email="zoe@example.com")
    merge_profiles([(winner.pk, loser.pk)], rule="manual")
    assert Submission.objects.get().profile_id == winner.pk


def test_what_a_form_looks_like_is_told_without_any_cookie_and_kept_for_a_minute(
    client: Client, form: SignUpForm
) -> None:
    answer = client.get(f"/forms/{public_key(form)}.json")
    assert answer.headers["Cache-Control"] == "public, max-age=60"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert not answer.cookies
    told = answer.json()
    assert told["key"] == public_key(form)
    assert told["consent"] == {"text": form.consent_text, "box": False}
    assert told["questions"][0]["required"] is True
    assert "zoe" not in answer.text


def test_readers_are_counted_of_nobody_and_not_without_end(
    client: Client, form: SignUpForm
) -> None:
    for _ in range(62):
        assert send(client, form, b"{}", "/seen").status_code == 204
    day = SignUpDay.objects.get()
    assert (day.views, day.submissions) == (60, 0)


def test_a_browser_that_asks_first_is_told_what_it_may_send(
    client: Client, form: SignUpForm
) -> None:
    answer = client.options(f"/forms/{public_key(form)}")
    assert answer.status_code == 204
    assert answer.headers["Access-Control-Allow-Headers"] == "Content-Type"


def test_its_own_page_works_without_a_script(
    client: Client, shop: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, SKIN, kind="page", success_code="HELLO10")
    address = f"/f/{public_key(form)}"
    html = client.get(address).text
    assert "What is your skin like?" in html
    hidden = dict(re.findall(r'name="(ticket|id)" value="([^"]+)"', html))
    noon.shift(timedelta(seconds=5))
    wrong = client.post(address, {**hidden, "email": "nobody"})
    assert wrong.status_code == 422
    assert "Please write an email address" in wrong.text
    done = client.post(address, {**hidden, "email": "zoe@example.com", "skin_type": "Dry"})
    assert (done.status_code, "HELLO10" in done.text) == (200, True)
    assert Profile.objects.get().properties == {"skin_type": "Dry"}
    assert ConsentEvent.objects.get().source_url == f"http://testserver{address}"
    robot = client.post(address, {**hidden, "email": "r@example.com", "fax_number": "1"})
    assert (robot.status_code, "HELLO10" in robot.text) == (200, False)
    assert Profile.objects.count() == 1


def test_the_store_that_the_api_writes_to_is_made_by_the_first_form(
    client: Client, form: SignUpForm, noon: time_machine.Traveller
) -> None:
    with transaction.atomic():
        assert send(client, form, fill(noon, form)).status_code == 200
    assert Event.objects.get(name="Form Submitted").store_id is not None
