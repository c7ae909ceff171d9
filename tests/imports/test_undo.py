"""Undoing an import: what it brought goes, what it changed is what it was, what is newer stays."""

from datetime import UTC, datetime

import pytest
from django.db import OperationalError
from django.test import Client

from crm.models import (
    ConsentEvent,
    Event,
    EventKey,
    Identity,
    Order,
    OrderLine,
    Product,
    Profile,
    ProfileFacts,
    RefillPurchase,
    Refund,
)
from crm.services.checks import find_differences
from crm.services.consent import record_consent, suppress
from crm.services.erasure import erase_profiles
from crm.services.ingest import apply_records
from crm.services.merging import merge_profiles
from crm.services.notes import add_note
from crm.services.refills import say_refill_days
from crm.types import CustomerRecord, LineData, OrderRecord
from imports.models import Import, ImportChange
from imports.services import journal, undoing
from imports.services.sweeping import sweep_due
from imports.services.undoing import start_undo
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Conflict
from kernel.sql import execute, load_sql
from kernel.work import drain_tenant
from loyalty.models import PointsAccount
from segments.models import Membership, Segment
from stores.services.imports import ensure_import_store
from tenants.models import AuditEntry, Tenant
from tenants.services.job_turns import run_jobs
from tenants.services.jobs import retry_job
from tests.factories.tenants import sign_in
from tests.imports.files import ACTOR, bring, counted, finish
from tests.imports.test_wizard import run_batches

PROOF = {"consent_source": "Fair", "consent_on": "2024-05-01"}
ORDERS = (
    "order id,ordered at,email,sku,title,quantity,unit price,currency\n"
    "A1,2026-01-02,ada@example.com,SOAP,Soap,2,5.00,GBP\n"
    "A1,2026-01-02,ada@example.com,WAX,Wax,1,3.00,GBP\n"
    "B2,2026-02-03,bo@example.com,SOAP,Soap,1,5.00,GBP\n"
    "C3,2026-03-04,cy@example.com,SOAP,Soap,-1,5.00,GBP\n"
)


def undo(source: Import) -> Import:
    """Undo an import to the end."""
    start_undo(source.pk, actor=ACTOR)
    return finish(source)


def settle(tenant: Tenant) -> None:
    """Let figures, points and segments follow, and compare them with the facts."""
    drain_tenant(tenant.pk)
    assert find_differences() == []


def say(**fields: object) -> None:
    """Let a shop say something of a customer now."""
    values = {"external_id": "", "version_at": clock.now(), **fields}
    record = CustomerRecord(**values)  # type: ignore[arg-type] # by name
    apply_records(ensure_import_store(), [record], source="webhook", now=clock.now())


def live() -> list[str]:
    rows = Profile.objects.filter(erased_at=None, merged_into=None).order_by("email_norm")
    return list(rows.values_list("email_norm", flat=True))


def test_what_an_import_created_is_removed_and_can_come_back(tenant: Tenant) -> None:
    body = "email,first name,email consent\nada@example.com,Ada,yes\nbo@example.com,Bo,yes\n"
    done = bring(body, {**PROOF, "tag": "Old list"})
    drain_tenant(tenant.pk)

    undone = undo(done)

    assert (undone.stage, undone.undone) == (
        "undone",
        {"removed": {"person": 2}, "restored": {}, "kept": {}},
    )
    settle(tenant)
    assert live() == []
    assert (Identity.objects.count(), ConsentEvent.objects.count()) == (0, 0)
    assert ProfileFacts.objects.count() == 0
    assert Event.objects.exclude(profile_id=None).count() == 0
    assert list(
        AuditEntry.objects.filter(object_type="import")
        .order_by("pk")
        .values_list("action", flat=True)
    ) == [
        "import.uploaded",
        "import.undo_started",
        "import.undone",
    ]

    again = bring(body, PROOF)

    assert counted(again.counts) == {"rows": 2, "new": 2}
    assert live() == ["ada@example.com", "bo@example.com"]


def test_what_an_import_changed_is_what_it_was(tenant: Tenant) -> None:
    say(email="ada@example.com", first_name="Ada", properties={"Size": "L"})
    before = Profile.objects.values().get()

    done = bring(
        "customer id,email,last name,phone,Size,Soap,email consent\n"
        "7,ada@example.com,Byron,+447700900123,M,Lemon,yes\n",
        {**PROOF, "tag": "Old list"},
    )
    changed = Profile.objects.get()
    assert (changed.last_name, changed.phone, changed.tags) == (
        "Byron",
        "+447700900123",
        ["Old list"],
    )
    assert changed.email_consent == "subscribed"

    undone = undo(done)

    assert undone.undone == {"removed": {}, "restored": {"person": 1}, "kept": {}}
    after = Profile.objects.values().get()
    assert {key: value for key, value in after.items() if key != "updated_at"} == {
        key: value for key, value in before.items() if key != "updated_at"
    }
    assert list(Identity.objects.values_list("kind", "value_norm")) == [
        ("email", "ada@example.com")
    ]
    assert ConsentEvent.objects.count() == 0
    settle(tenant)


def test_what_something_newer_changed_stays_and_is_listed(tenant: Tenant) -> None:
    say(email="ada@example.com")
    done = bring("email,first name,last name,city,country\nada@example.com,Ada,Byron,Bath,GB\n")
    ada = Profile.objects.get()
    Profile.objects.update(first_name="Augusta")

    undone = undo(done)

    ada.refresh_from_db()
    assert (ada.first_name, ada.last_name, ada.city, ada.country) == ("Augusta", "", "", "")
    assert undone.undone == {"removed": {}, "restored": {}, "kept": {"person": 1}}
    kept = ImportChange.objects.exclude(kept="").get()
    assert (kept.object_id, kept.kept) == (
        ada.pk,
        "Stays as something newer left it: first name.",
    )
    client = sign_in(tenant)
    page = client.get(f"/t/{tenant.slug}/imports/{done.pk}/").content.decode()
    assert "Left as it is" in page
    answer = client.get(f"/t/{tenant.slug}/imports/{done.pk}/not-undone.csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined] # it streams
    assert text.splitlines()[1] == f"person,{ada.pk},Stays as something newer left it: first name."


@pytest.mark.parametrize("word", ["order", "note", "consent", "shop", "merge"])
def test_a_new_person_who_did_something_since_stays(tenant: Tenant, word: str) -> None:
    done = bring("email\nada@example.com\nbo@example.com\n")
    ada = Profile.objects.get(email_norm="ada@example.com")
    match word:
        case "order":
            order = OrderRecord(
                external_id="1", version_at=clock.now(), ordered_at=clock.now(), currency="GBP",
                gross_minor=500, email=ada.email,
                lines=[LineData("1", 1, 1, 500, 500, title="Soap")],
            )  # fmt: skip
            apply_records(ensure_import_store(), [order], source="webhook", now=clock.now())
        case "note":
            add_note(ada.pk, text="Likes lemon", user_id=1, author=ACTOR)
        case "consent":
            record_consent(ada.pk, "whatsapp", "subscribed", method="form")
        case "shop":
            say(external_id="7", email=ada.email)
        case _:
            say(email="old@example.com")
            old = Profile.objects.get(email_norm="old@example.com")
            merge_profiles([(ada.pk, old.pk)], rule="email")

    undone = undo(done)

    assert undone.undone == {"removed": {"person": 1}, "restored": {}, "kept": {"person": 1}}
    assert live() == ["ada@example.com"]
    if word == "merge":
        assert Profile.objects.get(merged_into=ada.pk).erased_at is None
    settle(tenant)


def test_orders_and_refunds_go_with_their_points_and_figures(tenant: Tenant) -> None:
    say(email="ada@example.com", first_name="Ada")
    segment = Segment.objects.create(
        name="Buyers", definition={"field": "order_count", "is": ">=", "value": 1}
    )
    done = bring(ORDERS, kind="orders")
    drain_tenant(tenant.pk)
    say_refill_days(Product.objects.get(title="Soap").pk, 30, actor=ACTOR)
    assert RefillPurchase.objects.filter(order__external_id__in=["A1", "B2"]).exists()
    ada = Profile.objects.get(email_norm="ada@example.com")
    assert ProfileFacts.objects.get(profile=ada).order_count == 1
    assert segment.pk in Membership.objects.get(profile_id=ada.pk).segment_ids

    undone = undo(done)

    assert undone.undone == {
        "removed": {"refund": 1, "order": 2, "person": 2},
        "restored": {"person": 1},
        "kept": {},
    }
    settle(tenant)
    assert (Order.objects.count(), OrderLine.objects.count(), Refund.objects.count()) == (0, 0, 0)
    assert Product.objects.count() == 0
    assert EventKey.objects.filter(dedupe_key__startswith="order_").count() == 0
    assert live() == ["ada@example.com"]
    assert ProfileFacts.objects.get(profile=ada).order_count == 0
    assert segment.pk not in Membership.objects.get(profile_id=ada.pk).segment_ids
    assert PointsAccount.objects.exclude(balance=0).count() == 0

    assert counted(bring(ORDERS, kind="orders").counts) == {"rows": 4, "new": 3}
    settle(tenant)


def test_an_order_that_the_shop_changed_since_stays_with_its_person(tenant: Tenant) -> None:
    done = bring(ORDERS, kind="orders")
    newer = OrderRecord(
        external_id="A1", version_at=clock.now(), ordered_at=clock.now(), currency="GBP",
        gross_minor=1300, email="ada@example.com",
        lines=[LineData("1", 1, 1, 1300, 1300, title="Soap")],
    )  # fmt: skip
    apply_records(ensure_import_store(), [newer], source="webhook", now=clock.now())

    undone = undo(done)

    assert undone.undone["kept"] == {"order": 1, "person": 1}
    assert Order.objects.get().external_id == "A1"
    assert live() == ["ada@example.com"]
    settle(tenant)


def test_an_order_that_an_import_changed_is_what_it_was(tenant: Tenant) -> None:
    bring(ORDERS, kind="orders")
    say_refill_days(Product.objects.get(title="Soap").pk, 30, actor=ACTOR)
    before = list(
        OrderLine.objects.order_by("order_id", "position").values_list("title", "total_minor")
    )
    total = Order.objects.get(external_id="A1").gross_minor
    second = bring(ORDERS.replace("2,5.00", "3,6.00").replace("Wax", "Candle"), kind="orders")
    assert counted(second.counts) == {"rows": 4, "updated": 1, "unchanged": 2}
    drain_tenant(tenant.pk)

    undone = undo(second)

    assert undone.undone == {"removed": {}, "restored": {"order": 1}, "kept": {}}
    assert Order.objects.get(external_id="A1").gross_minor == total
    lines = OrderLine.objects.order_by("order_id", "position").values_list("title", "total_minor")
    assert list(lines) == before
    settle(tenant)


def test_events_go_and_may_come_again(tenant: Tenant) -> None:
    body = "email,event,time,Page\nada@example.com,Quiz Taken,2026-01-02T10:00,soap\n"
    done = bring(body, kind="events")
    drain_tenant(tenant.pk)

    undone = undo(done)

    assert undone.undone == {"removed": {"event": 1, "person": 1}, "restored": {}, "kept": {}}
    assert Event.objects.filter(name="Quiz Taken").count() == 0
    assert counted(bring(body, kind="events").counts) == {"rows": 1, "new": 1}
    settle(tenant)


def test_who_said_no_again_since_does_not_get_mail(tenant: Tenant) -> None:
    say(email="ada@example.com")
    ada = Profile.objects.get()
    record_consent(ada.pk, "email", "subscribed", method="form",
                   occurred_at=datetime(2024, 1, 1, tzinfo=UTC))  # fmt: skip
    done = bring("email,email consent\nada@example.com,unsubscribed\n", PROOF)
    record_consent(ada.pk, "email", "unsubscribed", method="one_click")

    undo(done)

    ada.refresh_from_db()
    assert ada.email_consent == "unsubscribed"
    settle(tenant)


def test_who_only_the_file_had_unsubscribed_gets_mail_again(tenant: Tenant) -> None:
    say(email="ada@example.com")
    ada = Profile.objects.get()
    record_consent(ada.pk, "email", "subscribed", method="form",
                   occurred_at=datetime(2024, 1, 1, tzinfo=UTC))  # fmt: skip
    suppress("email", ada.email, "hard_bounce")
    done = bring("email,email consent\nada@example.com,unsubscribed\n", PROOF)

    undo(done)

    ada.refresh_from_db()
    assert (ada.email_consent, ada.email_consent_at) == (
        "subscribed",
        datetime(2024, 1, 1, tzinfo=UTC),
    )
    settle(tenant)


def test_people_whom_a_row_showed_to_be_one_are_two_again(tenant: Tenant) -> None:
    say(external_id="7", first_name="Ada")
    say(email="ada@example.com", last_name="Byron")
    done = bring("customer id,email\n7,ada@example.com\n")
    assert Profile.objects.filter(merged_into=None).count() == 1

    undone = undo(done)

    assert undone.undone["restored"]["merge"] == 1
    assert Profile.objects.filter(merged_into=None).count() == 2
    settle(tenant)


def test_a_second_undo_does_nothing(tenant: Tenant) -> None:
    done = undo(bring("email\nada@example.com\n"))
    with pytest.raises(Conflict):
        start_undo(done.pk, actor=ACTOR)
    client = sign_in(tenant)
    answer = client.post(f"/t/{tenant.slug}/imports/{done.pk}/undo/")
    assert answer.headers["Location"] == f"/t/{tenant.slug}/imports/{done.pk}/"
    done.refresh_from_db()
    assert done.undone["removed"] == {"person": 1}


def test_an_undo_that_dies_goes_on_behind_its_last_batch(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = bring("email\n" + "".join(f"p{number}@example.com\n" for number in range(7)))
    monkeypatch.setattr(undoing, "BATCH_CHANGES", 2)
    job = start_undo(done.pk, actor=ACTOR)
    run_batches(10)
    done.refresh_from_db()
    assert (done.stage, done.undone["removed"], len(live())) == ("undoing", {"person": 4}, 3)

    def die(*_: object) -> None:
        raise OperationalError("the server went away")

    with monkeypatch.context() as broken:
        broken.setattr(undoing, "note_kept", die)
        with pytest.raises(OperationalError):
            run_jobs(Deadline(60))
    assert len(live()) == 3

    finish(done)
    assert (done.stage, done.undone["removed"], live()) == ("undone", {"person": 7}, [])
    assert retry_job(job.pk, actor=ACTOR) is False


def test_erased_people_are_forgotten_by_the_undo(tenant: Tenant) -> None:
    say(email="ada@example.com", first_name="Ada")
    done = bring("email,last name\nada@example.com,Byron\n")
    erase_profiles([Profile.objects.get().pk])
    assert ImportChange.objects.count() == 0
    assert undo(done).undone == {"removed": {}, "restored": {}, "kept": {}}


def test_after_thirty_days_nothing_is_left_to_undo(tenant: Tenant) -> None:
    done = bring("email\nada@example.com\n")
    Import.objects.filter(pk=done.pk).update(undo_until=clock.now(), expires_at=None)
    with pytest.raises(Conflict):
        start_undo(done.pk, actor=ACTOR)
    sweep_due(Deadline(60))
    done.refresh_from_db()
    assert (ImportChange.objects.count(), done.undo_until) == (0, None)


def test_no_statistics_make_forgetting_changes_a_join_of_all_with_all(tenant: Tenant) -> None:
    statement = load_sql("imports.clear_changes")
    plan = "\n".join(
        row[0] for row in execute(f"EXPLAIN (COSTS off) {statement}", source_id=1, count=20_000)
    )
    assert "Nested Loop" not in plan
    assert "Join" not in plan
    assert "Index Cond" in plan


def test_changes_are_forgotten_some_at_a_time_and_no_others(
    tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    done, other = (
        bring("email\nada@example.com\nbo@example.com\n"),
        bring("email\neve@example.com\n"),
    )
    kept = ImportChange.objects.filter(source=other).count()
    kinds = list(
        ImportChange.objects.filter(source=done)
        .order_by("kind", "object_id")
        .values_list("kind", "object_id")
    )
    monkeypatch.setattr(journal, "CLEAR_ROWS", 1)
    assert len(kinds) > 1
    while kinds:
        left = ImportChange.objects.filter(source=done).order_by("kind", "object_id")
        assert list(left.values_list("kind", "object_id")) == kinds
        assert journal.clear_changes(done)
        del kinds[0]
    assert not journal.clear_changes(done)
    assert ImportChange.objects.filter(source=other).count() == kept


def test_the_page_says_what_would_happen_before_it_happens(tenant: Tenant) -> None:
    client: Client = sign_in(tenant)
    say(email="bo@example.com")
    done = bring("email,first name\nada@example.com,Ada\nbo@example.com,Bo\n")
    page = client.get(f"/t/{tenant.slug}/imports/{done.pk}/undo/").content.decode()
    assert "Undo this import?" in page
    assert "People" in page
    assert live() == ["ada@example.com", "bo@example.com"]

    client.post(f"/t/{tenant.slug}/imports/{done.pk}/undo/")
    finish(done)

    assert done.undone == {"removed": {"person": 1}, "restored": {"person": 1}, "kept": {}}
    assert "As it was before" in client.get(f"/t/{tenant.slug}/imports/{done.pk}/").content.decode()
