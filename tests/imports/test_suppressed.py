"""Files of addresses that must not be contacted."""

from datetime import timedelta

import pytest

from crm.models import Profile, Suppression
from crm.services.consent import lift_many, suppress
from imports.services.undoing import start_undo
from kernel import clock
from tenants.models import Tenant
from tests.imports.files import ACTOR, bring, check, counted, finish

pytestmark = pytest.mark.django_db

BODY = (
    "Email,Phone,Reason\n"
    "Ada@example.com,,hard_bounce\n"
    "bo@example.com,,\n"
    ",+447700900123,user_suppressed\n"
    "ADA@example.com,,hard_bounce\n"
    "cy@example.com,,because\n"
    "nobody,,\n"
)


def kept() -> list[tuple[str, str, str, str]]:
    rows = Suppression.objects.order_by("address")
    return list(rows.values_list("channel", "address", "reason", "scope"))


def test_a_file_suppresses_addresses_and_makes_nobody(tenant: Tenant) -> None:
    checked = check(BODY, kind="suppressions")
    assert counted(checked.checked) == {"rows": 5, "new": 3, "refused": 2, "duplicate": 1}
    assert kept() == []


def test_the_run_keeps_each_address_with_its_reason(tenant: Tenant) -> None:
    bring(BODY, kind="suppressions")
    assert kept() == [
        ("sms", "+447700900123", "manual", "promotional"),
        ("email", "ada@example.com", "hard_bounce", "all"),
        ("email", "bo@example.com", "manual", "promotional"),
    ]
    assert set(Suppression.objects.values_list("actor", "detail")) == {(ACTOR, "File file.csv")}
    assert not Profile.objects.exists()


def test_who_unsubscribed_is_suppressed_by_a_file_of_suppressed_addresses(tenant: Tenant) -> None:
    body = "Email,Status\nada@example.com,Unsubscribed\nbo@example.com,unsubscribe\n"
    done = bring(body, kind="suppressions")
    assert (done.counts["new"], done.counts["refused"]) == (2, 0)
    assert kept() == [
        ("email", "ada@example.com", "manual", "promotional"),
        ("email", "bo@example.com", "manual", "promotional"),
    ]


def test_an_undo_keeps_what_somebody_stopped_more_of_since(tenant: Tenant) -> None:
    done = bring("Email\nbo@example.com\n", kind="suppressions")
    assert suppress("email", "bo@example.com", "manual") is True
    start_undo(done.pk, actor=ACTOR)
    undone = finish(done)
    assert kept() == [("email", "bo@example.com", "manual", "all")]
    assert undone.undone["kept"] == {"suppression": 1}


def test_an_undo_keeps_what_the_file_only_widened(tenant: Tenant) -> None:
    soon = clock.now() + timedelta(days=1)
    suppress("email", "ada@example.com", "hard_bounce", "promotional", until=soon)
    done = bring("Email,Reason\nada@example.com,bounced\n", kind="suppressions")
    assert kept() == [("email", "ada@example.com", "hard_bounce", "all")]
    assert Suppression.objects.get().until is None
    start_undo(done.pk, actor=ACTOR)
    finish(done)
    assert kept() == [("email", "ada@example.com", "hard_bounce", "all")]


def test_a_second_import_of_the_file_changes_nothing(tenant: Tenant) -> None:
    bring(BODY, kind="suppressions")
    before = kept()
    done = bring(BODY, kind="suppressions")
    assert (done.counts["new"], done.counts["unchanged"]) == (0, 3)
    assert kept() == before


def test_an_undo_lifts_what_the_file_suppressed_and_no_more(tenant: Tenant) -> None:
    suppress("email", "bo@example.com", "manual")
    done = bring(BODY, kind="suppressions")
    lift_many(Suppression.objects.filter(channel="sms").values_list("pk", flat=True))
    start_undo(done.pk, actor=ACTOR)
    undone = finish(done)
    assert kept() == [("email", "bo@example.com", "manual", "all")]
    assert undone.undone["removed"] == {"suppression": 1}
    assert undone.undone["kept"] == {"suppression": 1}
