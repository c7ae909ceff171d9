"""The overview of the programme, the ledger with its export, and one account."""

import csv
import io
from collections.abc import Iterable
from datetime import date
from typing import Any, cast
from uuid import uuid4

import pytest
import time_machine
from django.db import transaction
from django.http import StreamingHttpResponse
from django.test import Client

from crm.models import Profile
from crm.services.merging import merge_profiles
from kernel.keyset import Place
from kernel.tenancy import tenant_scope
from loyalty.models import PointsEntry, Program
from loyalty.queries import overview
from loyalty.queries.ledger import balance_of
from loyalty.queries.listing import WantedEntries, list_ledger
from loyalty.services.accrual import post_for_orders
from loyalty.services.adjusting import adjust_points
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile, make_refund
from tests.factories.tenants import sign_in

HOME = "/t/ada-soap/loyalty/"
MARKUP = "<script>alert(1)</script>"


def read(client: Client, address: str) -> str:
    page = client.get(address)
    assert page.status_code == 200, address
    return page.content.decode()


def give(profile: Profile, points: int, reason: str = "Gift") -> PointsEntry:
    return adjust_points(
        profile_id=profile.pk, points=points, reason=reason, token=uuid4(), actor="ada@example.com"
    )


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    """Somebody who earned 100 points, of which a refund took 25, and got 5 by hand."""
    with time_machine.travel(BOUGHT_AT, tick=False):
        profile = make_profile(first_name="Ada", name_norm="ada")
        order = make_order(profile, 10000, number="#1001")
        make_refund(order, 2500)
        post_for_orders([order.pk], now=BOUGHT_AT)
        give(profile, 5)
    return profile


def test_an_empty_tenant_is_told_what_comes_next(tenant: Tenant) -> None:
    client = sign_in(tenant)
    assert "No points yet" in read(client, HOME)
    assert "No points yet" in read(client, f"{HOME}ledger/")
    assert client.get(f"{HOME}points.json").json()["series"][0]["name"] == "Earned"


def test_the_overview_says_what_is_owed(ada: Profile, tenant: Tenant) -> None:
    client = sign_in(tenant)
    text = read(client, HOME)
    assert "earns 1 point, rounded down" in text
    assert "100 points are worth £1.00" in text
    with time_machine.travel(BOUGHT_AT, tick=False):
        figures = " ".join(read(client, f"{HOME}figures/").split())
    assert "80 <span" in figures
    assert "£0.80" in figures
    found = overview.find_liability()
    assert (found.points, found.holders) == (80, 1)


def test_each_day_tells_what_moved(ada: Profile, tenant: Tenant) -> None:
    moved = overview.measure_days(date(2026, 5, 31), date(2026, 6, 2))
    assert moved.series == {
        "earned": [0, 100, 0],
        "redeemed": [0, 0, 0],
        "taken_back": [0, 25, 0],
        "expired": [0, 0, 0],
        "adjusted": [0, 5, 0],
        "brought": [0, 0, 0],
    }
    client = sign_in(tenant)
    with time_machine.travel(BOUGHT_AT, tick=False):
        data = client.get(f"{HOME}points.json?days=90").json()
        rows = list(csv.DictReader(io.StringIO(read(client, f"{HOME}points.csv"))))
    assert [series["name"] for series in data["series"]] == [
        "Earned",
        "Taken back",
        "Adjusted by hand or corrected",
    ]
    assert len(data["x"]) == 90
    assert (rows[-1]["day"], rows[-1]["earned"], rows[-1]["taken_back"]) == (
        "2026-06-01",
        "100",
        "25",
    )


def test_the_ledger_is_narrowed(ada: Profile, tenant: Tenant) -> None:
    bob = make_profile(first_name="Bob", name_norm="bob")
    give(bob, 7)

    def points(**fields: Any) -> list[int]:
        return [row.points for row in list_ledger(WantedEntries(**fields), Place()).rows]

    assert points() == [7, 5, -25, 100]
    assert points(kind="reverse") == [-25]
    assert points(search="BOB") == [7]
    assert points(first_day=date(2026, 6, 1), last_day=date(2026, 6, 1)) == [5, -25, 100]
    assert points(profile_id=bob.pk) == [7]
    text = read(sign_in(tenant), f"{HOME}ledger/?kind=earn&period=x&from=x&after=x&q=%00")
    assert "Order #1001" in text
    assert "Version 1, 1 per unit" in text


def test_pages_of_the_ledger_follow_each_other(ada: Profile) -> None:
    first = list_ledger(WantedEntries(), Place(limit=2))
    second = list_ledger(WantedEntries(), Place(after=first.next or "", limit=2))
    assert [row.points for row in (*first.rows, *second.rows)] == [5, -25, 100]
    assert list_ledger(WantedEntries(), Place(before=second.previous or "", limit=2)) == first


def test_an_account_shows_its_movements_and_what_they_are_worth(
    ada: Profile, tenant: Tenant
) -> None:
    text = read(sign_in(tenant), f"{HOME}accounts/{ada.pk}/")
    for words in ("80", "Worth £0.80 today", "Order #1001", "Gift", "Adjust points…"):
        assert words in text, words
    client = sign_in(tenant, Role.ANALYST)
    assert "Adjust points…" not in read(client, f"{HOME}accounts/{ada.pk}/")
    assert client.post(f"{HOME}accounts/{ada.pk}/adjust/").status_code == 403
    assert client.get(f"{HOME}accounts/404/").status_code == 404


def test_a_double_click_and_a_reload_give_once(ada: Profile, tenant: Tenant) -> None:
    client = sign_in(tenant, Role.SUPPORT)
    form = {"way": "give", "points": "20", "reason": "Late parcel", "token": str(uuid4())}
    for _ in range(2):
        page = client.post(f"{HOME}accounts/{ada.pk}/adjust/", form)
        assert page.headers["Location"] == f"{HOME}accounts/{ada.pk}/"
    assert balance_of(ada.pk) == 100
    assert AuditEntry.objects.filter(actor="support@ada-soap.example").count() == 1
    again = {**form, "way": "take", "points": "101", "token": str(uuid4())}
    page = client.post(f"{HOME}accounts/{ada.pk}/adjust/", again)
    assert page.status_code == 422
    assert "101 points asked, 100 held" in page.content.decode()
    assert balance_of(ada.pk) == 100


@pytest.mark.parametrize(
    "wrong", [{"points": "0"}, {"points": "x"}, {"reason": ""}, {"way": "x"}, {"token": "x"}]
)
def test_a_wrong_form_moves_nothing(ada: Profile, tenant: Tenant, wrong: dict[str, str]) -> None:
    form = {"way": "give", "points": "5", "reason": "x", "token": str(uuid4()), **wrong}
    page = sign_in(tenant).post(f"{HOME}accounts/{ada.pk}/adjust/", form)
    assert page.status_code == 422
    assert "The points were not moved" in page.content.decode()
    assert balance_of(ada.pk) == 80


def test_a_merged_account_leads_to_the_winner(ada: Profile, tenant: Tenant) -> None:
    twin = make_profile()
    merge_profiles([(ada.pk, twin.pk)], rule="manual", now=BOUGHT_AT)
    page = sign_in(tenant).get(f"{HOME}accounts/{twin.pk}/")
    assert page.headers["Location"] == f"{HOME}accounts/{ada.pk}/"


def test_an_erased_account_cannot_be_adjusted(tenant: Tenant) -> None:
    gone = make_profile(erased_at=BOUGHT_AT)
    client = sign_in(tenant)
    assert "Adjust points…" not in read(client, f"{HOME}accounts/{gone.pk}/")
    form = {"way": "give", "points": "5", "reason": "x", "token": str(uuid4())}
    assert client.post(f"{HOME}accounts/{gone.pk}/adjust/", form).status_code == 404


def test_the_rule_is_changed_by_a_form(tenant: Tenant) -> None:
    client = sign_in(tenant)
    form = {
        "name": "Petals",
        "points_per_unit": "2.5",
        "value_per_point": "0.02",
        "is_active": "on",
    }
    assert client.post(f"{HOME}settings/", form).status_code == 302
    program = Program.objects.get()
    assert (program.name, str(program.points_per_unit)) == ("Petals", "2.5000")
    assert 'value="2.5"' in read(client, f"{HOME}settings/")
    wrong = client.post(f"{HOME}settings/", {**form, "points_per_unit": "-1"})
    assert wrong.status_code == 422
    assert Program.objects.get().version == 2


@pytest.mark.django_db(transaction=True)
def test_the_export_holds_what_the_list_shows() -> None:
    tenant = Tenant.objects.create(name="Ada Soap", slug="ada-soap", currency="GBP", timezone="UTC")
    with tenant_scope(tenant.pk), transaction.atomic():
        profile = make_profile(first_name="Ada")
        give(profile, 5, "=1+1")
        order = make_order(profile, 1000)
        post_for_orders([order.pk], now=BOUGHT_AT)
    client = sign_in(tenant, Role.ANALYST)
    response = cast("StreamingHttpResponse", client.get(f"{HOME}ledger/export/?kind=adjust"))
    body = b"".join(cast("Iterable[bytes]", response.streaming_content)).decode()
    rows = list(csv.DictReader(io.StringIO(body)))
    assert [(row["points"], row["note"], row["name"]) for row in rows] == [("5", "'=1+1", "Ada")]
    with tenant_scope(tenant.pk), transaction.atomic():
        assert AuditEntry.objects.get(action="points.exported").after == {
            "filters": {"kind": "adjust"}
        }


def test_markup_in_any_field_stays_text(tenant: Tenant) -> None:
    profile = make_profile(first_name=MARKUP)
    give(profile, 5, MARKUP)
    Program.objects.create(name=MARKUP)
    client = sign_in(tenant)
    for path in ("", "ledger/", f"accounts/{profile.pk}/", "settings/"):
        assert MARKUP not in read(client, f"{HOME}{path}")
