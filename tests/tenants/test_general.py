"""The account's own settings, and what follows when its zone or currency changes."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import transaction

from analytics.models import DailyMetric
from kernel.tenancy import tenant_scope
from kernel.work import drain_tenant
from segments.models import Membership, MembershipChange, RfmScale
from tenants.choices import Role
from tenants.models import AuditEntry, Tenant
from tests.factories.samples import make_order, make_store
from tests.factories.segments import make_buyer, make_segment
from tests.factories.tenants import sign_in

GENERAL = "/t/ada-soap/settings/general/"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)


def fields(**changes: object) -> dict[str, object]:
    known = {
        "name": "Ada Soap",
        "country": "GB",
        "timezone": "Europe/London",
        "currency": "GBP",
        "week_start": 1,
    }
    return {**known, **changes}


def test_what_changes_is_saved_and_recorded_with_before_and_after(tenant: Tenant) -> None:
    page = sign_in(tenant).post(GENERAL, fields(name=" Ada  Soap Ltd ", week_start=7))
    assert page.headers["Location"] == GENERAL
    tenant.refresh_from_db()
    assert (tenant.name, tenant.country, tenant.week_start) == ("Ada Soap Ltd", "GB", 7)
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor) == ("tenant.changed", "owner@ada-soap.example")
    assert entry.before == {"name": "Ada Soap", "country": "", "week_start": 1}
    assert entry.after == {"name": "Ada Soap Ltd", "country": "GB", "week_start": 7}


def test_the_same_again_changes_nothing_and_is_not_recorded(tenant: Tenant) -> None:
    page = sign_in(tenant).post(GENERAL, fields(country=""))
    assert page.status_code == 302
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "   "}, "This field is required"),
        ({"currency": "XXY"}, "Write a currency code such as GBP."),
        ({"timezone": "Mars/Base"}, "Select a valid choice"),
        ({"week_start": 3}, "Select a valid choice"),
        ({"country": "ZZ"}, "Select a valid choice"),
    ],
)
def test_bad_input_changes_nothing(tenant: Tenant, change: dict[str, object], words: str) -> None:
    page = sign_in(tenant).post(GENERAL, fields(**change))
    assert page.status_code == 422
    assert words in page.content.decode()
    before = (tenant.name, tenant.currency, tenant.timezone, tenant.week_start, tenant.country)
    tenant.refresh_from_db()
    now = (tenant.name, tenant.currency, tenant.timezone, tenant.week_start, tenant.country)
    assert now == before
    assert not AuditEntry.objects.exists()


def test_the_currency_changes_while_there_are_no_orders(tenant: Tenant) -> None:
    sign_in(tenant).post(GENERAL, fields(currency="eur"))
    tenant.refresh_from_db()
    assert tenant.currency == "EUR"


def test_the_currency_stays_once_there_are_orders_and_the_page_says_why(tenant: Tenant) -> None:
    make_order(make_store())
    client = sign_in(tenant)
    assert "There are orders already" in client.get(GENERAL).content.decode()
    client.post(GENERAL, fields(currency="EUR"))
    tenant.refresh_from_db()
    assert tenant.currency == "GBP"


def test_orders_of_another_tenant_do_not_hold_the_currency(
    tenant: Tenant, other_tenant: Tenant
) -> None:
    with tenant_scope(other_tenant.pk):
        make_order(make_store())
    sign_in(tenant).post(GENERAL, fields(currency="EUR"))
    tenant.refresh_from_db()
    assert tenant.currency == "EUR"


def test_another_zone_is_shown_with_what_it_changes_before_it_is_made(tenant: Tenant) -> None:
    page = sign_in(tenant).post(GENERAL, fields(timezone="Asia/Tokyo"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "Count days in Asia/Tokyo?" in text
    assert "segments that count days" in text
    assert 'name="confirmed_timezone"' in text
    tenant.refresh_from_db()
    assert tenant.timezone == "Europe/London"
    assert not AuditEntry.objects.exists()


def test_only_who_may_change_settings_changes_them(tenant: Tenant) -> None:
    page = sign_in(tenant, Role.MARKETER).post(GENERAL, fields(name="Mine"))
    assert page.status_code == 403
    tenant.refresh_from_db()
    assert tenant.name == "Ada Soap"


@pytest.mark.django_db(transaction=True)
def test_another_zone_moves_scores_and_segments_that_count_days(
    tenant: Tenant, broker: object
) -> None:
    """An order at 16:30 UTC lies on the same day in London, on the next one in Tokyo."""
    with time_machine.travel(NOON, tick=False):
        with transaction.atomic():
            last_order_at = datetime(2026, 4, 3, 16, 30, tzinfo=UTC)
            buyer = make_buyer(last_order_at=last_order_at, first_name="Ada")
            definition = {"field": "last_order_at", "is": "in_the_last", "value": {"days": 30}}
            segment = make_segment(definition)
            london = f"/t/{tenant.slug}/settings/general/"
        owner = sign_in(tenant)
        owner.post(london, fields(country="", week_start=7))
        drain_tenant(tenant.pk, kinds=["segments"])
        with transaction.atomic():
            assert not Membership.objects.filter(segment_ids__contains=[segment.pk]).exists()

        sent = fields(country="", week_start=7, timezone="Asia/Tokyo")
        page = owner.post(london, {**sent, "confirmed_timezone": "Asia/Tokyo"})
        assert page.status_code == 302
        drain_tenant(tenant.pk, kinds=["segments"])
        with transaction.atomic():
            assert Membership.objects.get(profile_id=buyer).segment_ids == [segment.pk]
            assert MembershipChange.objects.get().cause == "definition"
            assert RfmScale.objects.get().scored_at == NOON


@pytest.mark.django_db(transaction=True)
def test_another_zone_moves_figures_by_the_day(tenant: Tenant, broker: object) -> None:
    with transaction.atomic():
        make_order(make_store(), ordered_at=datetime(2026, 4, 3, 16, 30, tzinfo=UTC))
    drain_tenant(tenant.pk, kinds=["rollups"])
    with transaction.atomic():
        london = {row.day for row in DailyMetric.objects.all()}
    sent = fields(country="", timezone="Asia/Tokyo", confirmed_timezone="Asia/Tokyo")
    sign_in(tenant).post(GENERAL, sent)
    drain_tenant(tenant.pk, kinds=["rollups"])
    with transaction.atomic():
        tokyo = {row.day for row in DailyMetric.objects.all()}
    assert (london, tokyo) == ({date(2026, 4, 3)}, {date(2026, 4, 4)})
