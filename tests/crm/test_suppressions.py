"""Addresses that must not be contacted: added, found, lifted, and forgotten with their person."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from crm.models import Event, Identity, Suppression
from crm.queries.suppressions import WantedSuppressions, list_suppressions
from crm.services.consent import suppress, suppress_many
from crm.services.erasure import erase_profiles
from crm.services.suppressions import add_suppression, end_suppression
from kernel import clock
from kernel.errors import Conflict, Invalid
from kernel.keyset import Place
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_profile
from tests.factories.tenants import call_with, make_key, sign_in

pytestmark = pytest.mark.django_db

ACTOR = "ada@soap.example"


def addresses(**wanted: Any) -> list[str]:
    return [row.address for row in list_suppressions(WantedSuppressions(**wanted), Place()).rows]


def changes(profile_id: int) -> list[bool]:
    rows = Event.objects.filter(name="Suppression Changed", profile_id=profile_id).order_by("pk")
    return [row.properties["is_stopped"] for row in rows]


def test_an_address_is_kept_as_one_and_told_of_its_person(tenant: Tenant) -> None:
    ada = make_profile(email="Ada@Example.com", email_norm="ada@example.com")
    row, is_new = add_suppression("email", " ADA@example.com", detail="Phone", actor=ACTOR)
    again, is_new_again = add_suppression("email", "ada@example.com", actor="else@soap.example")
    assert (row.address, row.scope, row.detail, row.actor) == (
        "ada@example.com",
        "all",
        "Phone",
        ACTOR,
    )
    assert (is_new, is_new_again, again.pk) == (True, False, row.pk)
    assert changes(ada.pk) == [True]
    [found] = list_suppressions(WantedSuppressions(), Place()).rows
    assert found.profile_id == ada.pk
    [entry] = AuditEntry.objects.filter(action="suppression.added")
    assert (entry.after or {})["address"] == "a…@example.com"


@pytest.mark.parametrize(
    ("channel", "address", "reason"),
    [("email", "ada@", "manual"), ("sms", "12", "manual"), ("email", "a@b.example", "erased")],
)
def test_what_is_no_address_or_no_sayable_reason_changes_nothing(
    tenant: Tenant, channel: str, address: str, reason: str
) -> None:
    with pytest.raises(Invalid):
        add_suppression(channel, address, reason=reason, actor=ACTOR)
    assert not Suppression.objects.exists()
    assert not AuditEntry.objects.filter(action="suppression.added").exists()


def test_one_that_has_run_out_begins_anew(tenant: Tenant) -> None:
    past = clock.now() - timedelta(days=1)
    suppress("email", "ada@example.com", "manual", until=past)
    row, is_new = add_suppression("email", "ada@example.com", actor=ACTOR)
    assert (is_new, row.until, row.actor) == (True, None, ACTOR)


def test_one_that_stops_marketing_is_widened_to_all_and_never_narrowed(tenant: Tenant) -> None:
    suppress_many([("email", "ada@example.com", "manual")], detail="File a.csv")
    row, is_more = add_suppression("email", "ada@example.com", detail="Phone", actor=ACTOR)
    assert (is_more, row.scope, row.detail, row.actor) == (True, "all", "Phone", ACTOR)
    [entry] = AuditEntry.objects.filter(action="suppression.added")
    assert ((entry.before or {})["scope"], (entry.after or {})["scope"]) == ("promotional", "all")
    again, is_more_again = add_suppression(
        "email", "ada@example.com", scope="promotional", actor=ACTOR
    )
    assert (again.pk, is_more_again, again.scope) == (row.pk, False, "all")
    assert suppress_many([("email", "ada@example.com", "manual")]) == []
    assert Suppression.objects.get().scope == "all"


def test_one_that_would_run_out_becomes_one_for_ever_and_is_not_shortened(tenant: Tenant) -> None:
    soon, later = (clock.now() + timedelta(days=days) for days in (1, 2))
    asked = [
        suppress("email", "ada@example.com", "manual", until=until)
        for until in (soon, later, soon, None, later)
    ]
    assert asked == [True, True, False, True, False]
    assert Suppression.objects.get().until is None


def test_the_list_narrows_by_reason_and_by_a_whole_address(tenant: Tenant) -> None:
    suppress("email", "ada@example.com", "hard_bounce")
    suppress("sms", "+447700900123", "manual")
    assert addresses(reason="manual") == ["+447700900123"]
    assert addresses(search="ADA@example.com ") == ["ada@example.com"]
    assert addresses(search="+447700900123") == ["+447700900123"]
    assert addresses(search="ada@") == []


def test_lifting_one_tells_its_person_and_leaves_a_trace(tenant: Tenant) -> None:
    ada = make_profile(email="ada@example.com", email_norm="ada@example.com")
    row, _ = add_suppression("email", "ada@example.com", actor=ACTOR)
    end_suppression(row.pk, actor=ACTOR)
    assert not Suppression.objects.exists()
    assert changes(ada.pk) == [True, False]
    assert AuditEntry.objects.filter(action="suppression.lifted").count() == 1


def test_of_the_erased_only_a_digest_is_kept_and_it_stays(tenant: Tenant) -> None:
    ada = make_profile(email="ada@example.com", email_norm="ada@example.com")
    Identity.objects.create(kind="email", value_norm="ada@example.com", profile=ada)
    add_suppression("email", "ada@example.com", detail="Ada on the phone", actor=ACTOR)
    erase_profiles([ada.pk], actor=ACTOR)
    kept = dict(Suppression.objects.values_list("reason", "address"))
    assert kept == {"manual": "", "erased": ""}
    assert set(Suppression.objects.values_list("detail", flat=True)) == {""}
    assert len(addresses(search="ada@example.com")) == 2
    with pytest.raises(Conflict):
        end_suppression(Suppression.objects.get(reason="erased").pk, actor=ACTOR)
    assert Suppression.objects.count() == 2


def test_the_page_says_what_is_wrong_with_an_address(tenant: Tenant, broker: object) -> None:
    client = sign_in(tenant)
    url = f"/t/{tenant.slug}/messages/suppressions/add/"
    answer = client.post(url, {"channel": "email", "address": "ada", "scope": "all"})
    assert answer.status_code == 422
    assert "This is no email address." in answer.text
    assert not Suppression.objects.exists()


def test_the_api_adds_once_finds_and_takes_back(tenant: Tenant, broker: object) -> None:
    api = call_with(make_key(tenant))
    body = {"address": "Ada@example.com", "scope": "promotional"}
    answers = [_post(api, body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 200]
    made = answers[0].json()
    assert (made["address"], made["channel"], made["reason"], made["scope"]) == (
        "ada@example.com",
        "email",
        "manual",
        "promotional",
    )
    assert made["actor"].startswith("key:")
    [found] = api.get("/api/v1/suppressions/?address=ada@example.com").json()["results"]
    assert found == made
    assert api.delete(f"/api/v1/suppressions/{made['id']}/").status_code == 204
    assert api.get("/api/v1/suppressions/").json()["results"] == []


def test_the_api_refuses_what_is_no_address(tenant: Tenant, broker: object) -> None:
    answer = _post(call_with(make_key(tenant)), {"address": "ada", "channel": "sms"})
    assert (answer.status_code, answer.json()["fields"]) == (
        400,
        {"address": "This is no phone number."},
    )
    assert not Suppression.objects.exists()


def _post(api: Client, body: dict[str, str]) -> Any:
    return api.post("/api/v1/suppressions/", body, content_type="application/json")
