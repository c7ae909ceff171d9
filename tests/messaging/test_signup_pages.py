"""The pages on which members make sign-up forms and read what was sent."""

import json
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from kernel import clock
from messaging.domain.signup import name_property
from messaging.models import SignUpForm, SignUpText
from messaging.queries.signup import list_forms, public_key
from messaging.services.submitting import note_view
from tenants.models import AuditEntry, Tenant
from tests.factories.signup import EMAIL, SKIN, make_body, make_form
from tests.factories.tenants import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("broker")]

FILLED: dict[str, Any] = {
    "name": "Welcome",
    "kind": "popup",
    "is_live": "on",
    "title": "Hello",
    "button": "Join",
    "email": "required",
    "channels": ["email"],
    "consent_text": "Yes please.",
    "success_title": "Thanks",
    "after_seconds": "5",
    "pages": "/products/*\n\n/products/*\n/",
    "q1_label": "What is your skin like?",
    "q1_kind": "choice",
    "q1_options": "Dry\nOily",
}


@pytest.fixture
def member(tenant: Tenant) -> Client:
    return sign_in(tenant)


def at(tenant: Tenant, path: str = "") -> str:
    return f"/t/{tenant.slug}/content/forms/{path}"


@pytest.mark.covers("C7")
def test_a_member_makes_a_form_with_a_question_of_their_own(member: Client, tenant: Tenant) -> None:
    assert "No forms yet" in member.get(at(tenant)).text
    answer = member.post(at(tenant, "new/"), FILLED)
    form = SignUpForm.objects.get()
    assert answer.headers["Location"] == at(tenant, f"{form.pk}/")
    assert (form.status, form.consent_version, form.rules["pages"]) == (
        "live",
        1,
        ["/products/*", "/"],
    )
    assert [each["name"] for each in form.questions] == ["email", "what_is_your_skin_like"]
    page = member.get(at(tenant, f"{form.pk}/")).text
    assert public_key(form) in page
    assert "Nobody sent it yet" in page


def test_another_text_of_consent_is_another_version_and_the_first_is_kept(
    member: Client, tenant: Tenant
) -> None:
    member.post(at(tenant, "new/"), FILLED)
    form = SignUpForm.objects.get()
    edit = at(tenant, f"{form.pk}/edit/")
    member.post(edit, {**FILLED, "title": "Good day"})
    member.post(edit, {**FILLED, "consent_text": "Yes, by all means."})
    texts = SignUpText.objects.order_by("version").values_list("version", "text")
    assert list(texts) == [(1, "Yes please."), (2, "Yes, by all means.")]
    last = AuditEntry.objects.order_by("-pk")[0]
    assert last.action == "form.changed"
    assert last.before is not None
    assert last.before["consent_version"] == 1


def test_a_question_that_is_worded_anew_fills_the_same_property(
    member: Client, tenant: Tenant
) -> None:
    member.post(at(tenant, "new/"), FILLED)
    form = SignUpForm.objects.get()
    again = {**FILLED, "q1_name": "what_is_your_skin_like", "q1_label": "Your skin?"}
    member.post(at(tenant, f"{form.pk}/edit/"), again)
    form.refresh_from_db()
    assert form.questions[1] | {"options": []} == {
        "name": "what_is_your_skin_like",
        "kind": "choice",
        "label": "Your skin?",
        "is_required": False,
        "options": [],
    }


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"email": "optional"}, "Ask for the email address or the phone number, and require it."),
        ({"channels": ["email", "sms"]}, "Ask for the address of each channel"),
        ({"consent_text": ""}, "Say in words what people agree to."),
        ({"q1_options": "Dry"}, "Write at least two choices."),
        ({"after_seconds": ""}, "Say when it opens"),
    ],
)
def test_a_form_that_could_not_work_is_refused(
    member: Client, tenant: Tenant, fields: dict[str, Any], text: str
) -> None:
    answer = member.post(at(tenant, "new/"), {**FILLED, **fields})
    assert (answer.status_code, text in answer.text) == (422, True)
    assert SignUpForm.objects.count() == 0


def test_the_preview_shows_what_the_editor_says_before_it_is_saved(
    member: Client, tenant: Tenant
) -> None:
    shown = member.post(at(tenant, "preview/"), {**FILLED, "title": ""}).json()
    assert (shown["title"], shown["button"], shown["key"]) == ("", "Join", "")
    assert shown["questions"][1]["options"] == ["Dry", "Oily"]
    frame = member.get(at(tenant, "preview/"))
    assert frame.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in frame.headers["Content-Security-Policy"]
    assert SignUpForm.objects.count() == 0


def test_a_deleted_form_answers_no_more_and_what_was_agreed_to_stays(
    member: Client, tenant: Tenant
) -> None:
    form = make_form()
    member.post(at(tenant, f"{form.pk}/delete/"))
    assert member.get(at(tenant, f"{form.pk}/")).status_code == 404
    assert member.get(f"/forms/{public_key(form)}.json").status_code == 404
    assert SignUpText.objects.get().text == form.consent_text


@pytest.mark.covers("A18")
def test_submissions_are_listed_with_their_source_and_leave_as_csv(
    member: Client, tenant: Tenant, noon: time_machine.Traveller
) -> None:
    form = make_form(EMAIL, SKIN)
    key = public_key(form)
    for number in range(2):
        body = make_body(form, email=f"person{number}@example.com", skin_type="Dry")
        noon.shift(timedelta(seconds=5))
        assert member.post(f"/forms/{key}", json.dumps(body), "text/plain").status_code == 200
    page = member.get(at(tenant, f"{form.pk}/")).text
    assert "person1@example.com" in page
    assert "2 of 2 submissions" in page
    file = member.get(at(tenant, f"{form.pk}/export/"))
    lines = b"".join(file.streaming_content).decode().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "sent_at,profile_id,source,page,consent,email,skin_type"
    assert "news,https://shop.example/soap,email: subscribed,person1@example.com,Dry" in lines[1]
    assert AuditEntry.objects.order_by("-pk")[0].action == "submissions.exported"


def test_the_list_tells_how_many_of_those_who_saw_a_form_sent_it(tenant: Tenant) -> None:
    form = make_form()
    now = clock.now()
    for _ in range(4):
        note_view(form.pk, now)
    note_view(form.pk, now - timedelta(days=31))
    [row] = list_forms(now.date())
    assert (row.views, row.submissions, row.rate) == (4, 0, 0.0)


def test_names_of_properties_are_plain_and_never_those_that_others_write() -> None:
    assert name_property("Größe (cm)?", ()) == "groe_cm"
    assert name_property("Email", ()) == "email_2"
    assert name_property("Skin", {"skin"}) == "skin_2"
    assert name_property("肌", ()) == "answer"
