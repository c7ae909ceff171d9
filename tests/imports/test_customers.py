"""Customers out of files: counts that are exact, and what an import must not do."""

import csv
import io
from datetime import UTC, datetime

import pytest
from django.test import Client

from crm.models import ConsentEvent, Event, Profile
from crm.services.checks import find_differences
from crm.services.consent import record_consent, suppress
from crm.services.ingest import apply_records
from crm.types import CustomerRecord
from imports.models import ImportKey, ImportRow
from kernel import clock
from kernel.work import drain_tenant
from stores.services.imports import ensure_import_store
from tenants.models import Tenant
from tests.factories.samples import make_store
from tests.factories.tenants import sign_in
from tests.imports.files import bring, check, counted

PROOF = {"consent_source": "Newsletter of the old shop", "consent_on": "2024-05-01"}
SHOPIFY = (
    "Customer ID,First Name,Last Name,Email,Accepts Email Marketing,Default Address City,"
    "Default Address Province Code,Default Address Country Code,Default Address Zip,Phone,"
    "Accepts SMS Marketing,Total Spent,Total Orders,Note,Tax Exempt,Tags\n"
    "'7001,Ada,Byron,ada@example.com,yes,Bath,BST,GB,'BA1 1AA,'+447700900123,no,10.00,1,,no,"
    '"vip, soap"\n'
    "'7002,Bo,Ek,bo@example.com,no,,,SE,,,no,0.00,0,,no,\n"
)


def people() -> list[str]:
    return list(Profile.objects.order_by("email_norm").values_list("email_norm", flat=True))


def test_counts_are_exact_and_the_dry_run_says_the_same_as_the_run(tenant: Tenant) -> None:
    store = make_store()
    known = [
        CustomerRecord(external_id="", version_at=clock.now(), email="full@example.com",
                       first_name="Full", last_name="Known"),
        CustomerRecord(external_id="", version_at=clock.now(), email="half@example.com"),
    ]  # fmt: skip
    apply_records(store.pk, known, source="api", now=clock.now())
    body = (
        "Email,First name,Last name\n"
        "new@example.com,New,One\n"
        "half@example.com,Half,Known\n"
        "full@example.com,Other,Name\n"
        "NEW@example.com,Again,Here\n"
        "not an address,Bad,Row\n"
        ",No,Body\n"
    )

    checked = check(body)

    wanted = {"rows": 5, "new": 1, "updated": 1, "unchanged": 1, "duplicate": 1, "refused": 2}
    assert counted(checked.checked) == wanted
    assert people() == ["full@example.com", "half@example.com"]

    done = bring(body)

    assert counted(done.counts) == wanted
    assert people() == ["full@example.com", "half@example.com", "new@example.com"]
    assert Profile.objects.get(email_norm="full@example.com").first_name == "Full"
    assert Profile.objects.get(email_norm="half@example.com").first_name == "Half"


def test_a_second_import_of_the_same_file_changes_nothing(tenant: Tenant) -> None:
    bring(SHOPIFY, PROOF)
    events, statements = Event.objects.count(), ConsentEvent.objects.count()
    updated = list(Profile.objects.order_by("pk").values_list("updated_at", flat=True))

    again = bring(SHOPIFY, PROOF)

    assert counted(again.counts) == {"rows": 2, "unchanged": 2}
    assert (Event.objects.count(), ConsentEvent.objects.count()) == (events, statements)
    assert list(Profile.objects.order_by("pk").values_list("updated_at", flat=True)) == updated


def test_an_export_of_shopify_needs_no_mapping_by_hand(tenant: Tenant) -> None:
    done = bring(SHOPIFY, PROOF)

    assert counted(done.counts) == {"rows": 2, "new": 2}
    ada = Profile.objects.get(email_norm="ada@example.com")
    assert (ada.first_name, ada.last_name, ada.phone) == ("Ada", "Byron", "+447700900123")
    assert (ada.city, ada.region, ada.country, ada.postcode) == ("Bath", "BST", "GB", "BA1 1AA")
    assert ada.properties == {"tags": ["vip", "soap"]}
    assert (ada.email_consent, ada.sms_consent) == ("subscribed", "never")
    assert ada.email_consent_at == datetime(2024, 4, 30, 23, tzinfo=UTC)
    statement = ConsentEvent.objects.get()
    assert (statement.method, statement.detail) == ("import", PROOF["consent_source"])
    bo = Profile.objects.get(email_norm="bo@example.com")
    assert (bo.country, bo.email_consent, bo.properties) == ("SE", "never", {})
    assert sorted(ada.identities.values_list("kind", flat=True)) == [
        "customer_id",
        "email",
        "phone",
    ]
    drain_tenant(tenant.pk)
    assert find_differences() == []


def test_history_starts_no_flow(tenant: Tenant) -> None:
    bring(SHOPIFY, {**PROOF, "tag": "Old list"})
    assert set(Event.objects.values_list("is_backfill", flat=True)) == {True}


def test_what_the_shop_said_stays_and_what_it_did_not_say_is_filled_in(tenant: Tenant) -> None:
    store_id = ensure_import_store()
    said = CustomerRecord(
        external_id="7001", version_at=clock.now(), email="ada@example.com", first_name="Augusta"
    )
    apply_records(store_id, [said], source="api", now=clock.now())

    bring("customer id,email,first name,last name,Soap\n7001,ada@example.com,Ada,Byron,Lemon\n")

    ada = Profile.objects.get()
    assert (ada.first_name, ada.last_name) == ("Augusta", "Byron")
    assert ada.properties == {"Soap": "Lemon"}


def test_consent_is_not_believed_without_a_time(tenant: Tenant) -> None:
    done = bring("email,email consent\nada@example.com,yes\n", {"consent_source": "Fair"})
    assert counted(done.counts) == {"rows": 1, "refused": 1}
    assert ImportRow.objects.get().reason == (
        "Email consent has no time, and no date was given for the file."
    )
    assert people() == []


def test_consent_from_tomorrow_is_refused(tenant: Tenant) -> None:
    done = bring("email,email consent,email consent at\nada@example.com,yes,2030-01-01\n", PROOF)
    assert counted(done.counts) == {"rows": 1, "refused": 1}


@pytest.mark.parametrize("at", ["", "2026-01-01"])
def test_who_unsubscribed_is_not_subscribed_again(tenant: Tenant, at: str) -> None:
    bring("email\nada@example.com\n")
    ada = Profile.objects.get()
    record_consent(
        ada.pk,
        "email",
        "unsubscribed",
        method="one_click",
        occurred_at=datetime(2025, 1, 1, tzinfo=UTC),
    )

    done = bring(f"email,email consent,email consent at\nada@example.com,subscribed,{at}\n", PROOF)

    assert counted(done.counts) == {"rows": 1, "unchanged": 1, "held": 1}
    ada.refresh_from_db()
    assert ada.email_consent == "unsubscribed"
    assert ConsentEvent.objects.count() == 1


def test_a_suppressed_address_is_not_subscribed(tenant: Tenant) -> None:
    suppress("email", "ada@example.com", "hard_bounce")
    done = bring("email,email consent\nada@example.com,subscribed\n", PROOF)
    assert counted(done.counts) == {"rows": 1, "new": 1, "held": 1}
    assert Profile.objects.get().email_consent == "never"


def test_who_left_by_the_file_leaves(tenant: Tenant) -> None:
    bring("email,email consent\nada@example.com,subscribed\n", PROOF)
    done = bring("email,email consent\nada@example.com,unsubscribed\n", PROOF)
    assert counted(done.counts) == {"rows": 1, "updated": 1}
    assert Profile.objects.get().email_consent == "unsubscribed"


def test_everybody_of_a_list_gets_its_tag(tenant: Tenant) -> None:
    bring("email\nada@example.com\nbo@example.com\nnobody\n", {"tag": "Old list"})
    assert list(Profile.objects.values_list("tags", flat=True)) == [["Old list"], ["Old list"]]


@pytest.mark.parametrize("name", ["N" * 200, "عَلِيّ ابن سينا", "🧼 Söap"])
def test_names_of_any_kind_arrive_as_they_are(tenant: Tenant, name: str) -> None:
    bring(f'email,first name\nada@example.com,"{name}"\n')
    assert Profile.objects.get().first_name == name


def test_refused_rows_can_be_mended_and_brought_again(tenant: Tenant) -> None:
    client = sign_in(tenant)
    done = bring("Email,First name\nada@@example,=HYPERLINK(1)\nbo@example.com,Bo\n")

    answer = client.get(f"/t/{tenant.slug}/imports/{done.pk}/refused.csv")
    text = b"".join(answer.streaming_content).decode()  # type: ignore[attr-defined] # it streams

    rows = list(csv.reader(io.StringIO(text)))
    assert rows == [
        ["Email", "First name", "Why not taken"],
        ["ada@@example", "'=HYPERLINK(1)", "Email “ada@@example” is malformed."],
    ]
    mended = bring(text.replace("ada@@example,", "ada@example.com,"))
    assert counted(mended.counts) == {"rows": 1, "new": 1}
    assert Profile.objects.get(email_norm="ada@example.com").properties == {}


def test_a_check_leaves_no_keys_and_forgets_an_earlier_check(tenant: Tenant) -> None:
    source = check("email\nada@example.com\nADA@example.com\n")
    assert ImportKey.objects.count() == 0
    assert ImportRow.objects.filter(source=source).count() == 2
    assert source.row_count == 2


def test_a_row_with_more_values_than_columns_is_refused(tenant: Tenant) -> None:
    done = bring("email,name\nada@example.com,Ada,Byron\n")
    assert counted(done.counts) == {"rows": 1, "refused": 1}
    assert "3 values and the header names 2 columns" in ImportRow.objects.get().reason


def test_another_tenant_sees_neither_page_nor_file(tenant: Tenant, other_tenant: Tenant) -> None:
    source = check("email\nnobody\n")
    stranger: Client = sign_in(other_tenant)
    for page in ("", "check/", "columns/", "progress/", "refused.csv"):
        path = f"/t/{other_tenant.slug}/imports/{source.pk}/{page}"
        assert stranger.get(path).status_code == 404
