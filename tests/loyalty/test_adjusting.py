"""Points by hand: once for each form, never below zero, audited; and the rules of the program."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

from crm.models import Event, ProfileFacts
from crm.panels import speak_events
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from kernel.errors import Invalid, NotFound
from kernel.tenancy import tenant_scope
from loyalty.errors import InsufficientPoints, TokenUsed
from loyalty.models import PointsEntry, Program
from loyalty.queries.ledger import balance_of
from loyalty.services.accrual import post_for_orders
from loyalty.services.adjusting import MAX_POINTS, adjust_points
from loyalty.services.checks import find_differences
from loyalty.services.program import ProgramData, update_program
from tenants.models import AuditEntry, Tenant
from tests.factories.loyalty import BOUGHT_AT, make_order, make_profile

ACTOR = "ada@example.com"
TOKEN = UUID("00000000-0000-4000-8000-000000000001")


def adjust(profile_id: int, points: int, **fields: object) -> PointsEntry:
    values = {"reason": "Late parcel", "token": uuid4(), "actor": ACTOR, **fields}
    return adjust_points(profile_id=profile_id, points=points, **values)  # type: ignore[arg-type]


def test_a_form_counts_once_however_often_it_is_sent(tenant: Tenant) -> None:
    ada = make_profile()
    ProfileFacts.objects.create(profile=ada)
    first = adjust(ada.pk, 50, token=TOKEN)
    assert adjust(ada.pk, 50, token=TOKEN) == first
    assert balance_of(ada.pk) == 50
    assert (first.kind, first.note, first.actor) == ("adjust", "Late parcel", ACTOR)
    audited = AuditEntry.objects.get(action="points.adjusted")
    assert (audited.before, audited.after, audited.actor) == (
        {"balance": 0},
        {"balance": 50, "points": 50, "reason": "Late parcel"},
        ACTOR,
    )
    event = Event.objects.get(name="Points Earned")
    assert event.profile_id == ada.pk
    assert speak_events([event])[event.pk].title == "Got 50 points by hand"
    assert ProfileFacts.objects.get(profile_id=ada.pk).points_balance == 50
    assert find_differences() == []


def test_reasons_go_with_the_person_and_figures_stay(tenant: Tenant) -> None:
    ada, bea = make_profile(), make_profile()
    adjust(ada.pk, 50, reason="Ada Byron rang")
    adjust(bea.pk, 20)
    erase_profiles([ada.pk])
    assert PointsEntry.objects.filter(profile_id=ada.pk).values_list("note", "points").get() == (
        "",
        50,
    )
    audited = AuditEntry.objects.filter(action="points.adjusted").order_by("pk")
    assert [entry.after for entry in audited] == [
        {"balance": 50, "points": 50},
        {"balance": 20, "points": 20, "reason": "Late parcel"},
    ]
    assert PointsEntry.objects.get(profile_id=bea.pk).note == "Late parcel"
    assert find_differences() == []


def test_a_balance_never_falls_below_zero(tenant: Tenant) -> None:
    ada = make_profile()
    adjust(ada.pk, 50)
    with pytest.raises(InsufficientPoints):
        adjust(ada.pk, -51)
    assert balance_of(ada.pk) == 50
    assert PointsEntry.objects.count() == 1
    assert AuditEntry.objects.filter(action="points.adjusted").count() == 1
    adjust(ada.pk, -50)
    assert balance_of(ada.pk) == 0
    event = Event.objects.get(name="Points Reversed")
    assert speak_events([event])[event.pk].title == "50 points were taken by hand"


@pytest.mark.parametrize(
    ("points", "reason", "field"),
    [
        (0, "x", "points"),
        (MAX_POINTS + 1, "x", "points"),
        (5, "  ", "reason"),
        (5, "x" * 501, "reason"),
    ],
)
def test_points_and_a_reason_are_needed(
    tenant: Tenant, points: int, reason: str, field: str
) -> None:
    ada = make_profile()
    with pytest.raises(Invalid) as refused:
        adjust(ada.pk, points, reason=reason)
    assert set(refused.value.fields) == {field}
    assert not PointsEntry.objects.exists()


def test_a_form_of_somebody_else_moves_nothing(tenant: Tenant) -> None:
    ada, bob = make_profile(), make_profile()
    adjust(ada.pk, 50, token=TOKEN)
    with pytest.raises(TokenUsed):
        adjust(bob.pk, 50, token=TOKEN)
    assert balance_of(bob.pk) == 0


def test_points_go_to_the_winner_of_a_merge_and_to_nobody_erased(tenant: Tenant) -> None:
    ada, twin = make_profile(), make_profile()
    merge_profiles([(ada.pk, twin.pk)], rule="manual", now=BOUGHT_AT)
    assert adjust(twin.pk, 5).profile_id == ada.pk
    gone = make_profile(erased_at=BOUGHT_AT)
    for profile_id in (gone.pk, 404):
        with pytest.raises(NotFound):
            adjust(profile_id, 5)
    assert PointsEntry.objects.count() == 1
    assert find_differences() == []


@pytest.mark.django_db(transaction=True)
def test_one_form_sent_ten_times_at_once_counts_once(tenant: Tenant) -> None:
    with transaction.atomic():
        ada = make_profile()

    def send(_: int) -> int:
        try:
            with tenant_scope(tenant.pk):
                return adjust(ada.pk, 50, token=TOKEN).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        assert len(set(pool.map(send, range(10)))) == 1
    with transaction.atomic():
        assert balance_of(ada.pk) == 50
        assert AuditEntry.objects.filter(action="points.adjusted").count() == 1
        assert find_differences() == []


@pytest.mark.django_db(transaction=True)
def test_ten_people_who_take_at_once_leave_nothing_below_zero(tenant: Tenant) -> None:
    with transaction.atomic():
        ada = make_profile()
        adjust(ada.pk, 35)

    def take(_: int) -> bool:
        try:
            with tenant_scope(tenant.pk):
                adjust(ada.pk, -10)
        except InsufficientPoints:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(take, range(10))) == 3
    with transaction.atomic():
        assert balance_of(ada.pk) == 5
        assert find_differences() == []


def data(**fields: object) -> ProgramData:
    values = {
        "name": "Petals",
        "points_per_unit": Decimal(2),
        "value_per_point": Decimal("0.05"),
        "is_active": True,
        **fields,
    }
    return ProgramData(**values)  # type: ignore[arg-type]


def test_a_new_rate_counts_for_new_orders_alone(tenant: Tenant) -> None:
    ada = make_profile()
    old = make_order(ada, 1000)
    post_for_orders([old.pk], now=BOUGHT_AT)
    program = update_program(data(), actor=ACTOR)
    assert (program.name, program.version) == ("Petals", 2)
    new = make_order(ada, 1000)
    post_for_orders([old.pk, new.pk], now=BOUGHT_AT)
    rows = PointsEntry.objects.order_by("pk").values_list("points", "rule_version")
    assert list(rows) == [(10, 1), (20, 2)]
    assert find_differences() == []
    audited = AuditEntry.objects.get(action="program.updated")
    assert audited.before == {
        "name": "Points",
        "points_per_unit": "1",
        "value_per_point": "0.01",
        "is_active": True,
    }
    assert audited.actor == ACTOR


def test_a_name_or_a_worth_makes_no_new_version_and_a_repeat_no_entry(tenant: Tenant) -> None:
    update_program(data(points_per_unit=Decimal(1)), actor=ACTOR)
    update_program(data(points_per_unit=Decimal("1.0")), actor=ACTOR)
    assert Program.objects.get().version == 1
    assert AuditEntry.objects.filter(action="program.updated").count() == 1


def test_a_program_that_is_off_earns_nothing_new(tenant: Tenant) -> None:
    update_program(data(is_active=False), actor=ACTOR)
    order = make_order(make_profile(), 1000, ordered_at=datetime(2026, 7, 1, tzinfo=UTC))
    assert post_for_orders([order.pk], now=BOUGHT_AT) == []


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"name": " "}, "name"),
        ({"points_per_unit": Decimal(-1)}, "points_per_unit"),
        ({"value_per_point": Decimal(-1)}, "value_per_point"),
    ],
)
def test_a_program_that_cannot_be_is_refused(
    tenant: Tenant, fields: dict[str, object], wrong: str
) -> None:
    with pytest.raises(Invalid) as refused:
        update_program(data(**fields), actor=ACTOR)
    assert set(refused.value.fields) == {wrong}
    assert not Program.objects.exists()
