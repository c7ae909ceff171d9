"""Balances of another tool by the import page: dry run, once each, posted back by an undo."""

from datetime import timedelta

import pytest

from crm.models import Event, Profile
from crm.services.checks import find_differences
from imports.models import Import, ImportRow
from imports.services.undoing import start_undo
from kernel import clock
from kernel.batches import Deadline
from kernel.errors import Invalid
from loyalty.models import PointsAccount, PointsEntry, PointsLot
from loyalty.services.checks import find_differences as find_wrong_points
from loyalty.services.expiry import work_off_lots
from tenants.models import Tenant
from tests.imports.files import ACTOR, bring, check, counted, finish

SMILE = {"tool": "Smile"}
BODY = (
    "Email,Name,Points Balance,VIP Tier,Member id\n"
    'ada@example.com,Ada Byron,"1,200",Gold,m-1\n'
    "bo@example.com,Bo Ek,0,,m-2\n"
    "cy@example.com,Cy,12.5,,m-3\n"
    "di@example.com,Di,50,Silver,m-4\n"
)


def balances() -> dict[str, int]:
    rows = PointsAccount.objects.filter(balance__gt=0).select_related("profile")
    return {row.profile.email: row.balance for row in rows}


def undo(source: Import) -> Import:
    start_undo(source.pk, actor=ACTOR)
    return finish(source)


@pytest.mark.covers("I13")
def test_balances_come_with_their_people_tiers_and_reasons(tenant: Tenant) -> None:
    checked = check(BODY, SMILE, kind="points")
    assert counted(checked.checked) == {"rows": 4, "new": 2, "refused": 2}
    assert not PointsEntry.objects.exists()

    done = bring(BODY, SMILE, kind="points")

    assert counted(done.counts) == {"rows": 4, "new": 2, "refused": 2}
    assert balances() == {"ada@example.com": 1200, "di@example.com": 50}
    ada = Profile.objects.get(email_norm="ada@example.com")
    assert (ada.first_name, ada.tags) == ("Ada", ["Gold"])
    assert PointsEntry.objects.get(profile=ada).note == "Balance from Smile, tier Gold"
    reasons = ImportRow.objects.filter(source_id=done.pk).exclude(outcome="").order_by("place")
    assert [row.reason for row in reasons] == [
        "Points “0” are no whole number above zero.",
        "Points “12.5” are no whole number above zero.",
    ]
    assert not Event.objects.filter(name="Points Earned", is_backfill=False).exists()


@pytest.mark.covers("I13")
def test_the_same_again_changes_nothing_and_another_sum_is_refused(tenant: Tenant) -> None:
    bring(BODY, SMILE, kind="points")

    again = bring(BODY, {"tool": " smile "}, kind="points")
    other = bring("email,points,member id\nada@example.com,900,m-1\n", SMILE, kind="points")

    assert counted(again.counts) == {"rows": 4, "unchanged": 2, "refused": 2}
    assert counted(other.counts) == {"rows": 1, "refused": 1}
    assert balances() == {"ada@example.com": 1200, "di@example.com": 50}


def test_a_history_of_movements_adds_up(tenant: Tenant) -> None:
    body = (
        "email,points,movement id,date\n"
        "ada@example.com,10,t1,2024-05-10\n"
        "ada@example.com,15,t2,2024-06-10\n"
        "ada@example.com,15,t2,2024-06-10\n"
    )

    done = bring(body, SMILE, kind="points")

    assert counted(done.counts) == {"rows": 2, "new": 2, "duplicate": 1}
    assert balances() == {"ada@example.com": 25}
    days = PointsEntry.objects.order_by("effective_at").values_list("effective_at", flat=True)
    assert [f"{day:%Y-%m}" for day in days] == ["2024-05", "2024-06"]


@pytest.mark.covers("I13")
def test_an_undo_posts_back_removes_who_came_and_the_file_can_be_brought_again(
    tenant: Tenant,
) -> None:
    bring("email,first name\ndi@example.com,Di\n")
    done = bring(BODY, SMILE, kind="points")

    undone = undo(done)

    assert undone.undone["removed"] == {"points": 2, "person": 1}
    assert balances() == {}
    assert sorted(PointsEntry.objects.values_list("points", flat=True)) == [-1200, -50, 50, 1200]
    live = Profile.objects.filter(erased_at=None)
    assert list(live.values_list("email_norm", "tags")) == [("di@example.com", [])]
    assert find_differences() == find_wrong_points() == []
    again = bring(BODY, SMILE, kind="points")
    assert counted(again.counts) == {"rows": 4, "new": 2, "refused": 2}
    assert balances() == {"ada@example.com": 1200, "di@example.com": 50}
    twice = bring(BODY, SMILE, kind="points")
    assert counted(twice.counts)["unchanged"] == 2


def test_an_undo_takes_people_back_whose_points_have_expired(tenant: Tenant) -> None:
    bring("email,first name\ndi@example.com,Di\n")
    done = bring(BODY, SMILE, kind="points")
    ended = clock.now() - timedelta(days=1)
    PointsLot.objects.update(expires_at=ended)
    PointsAccount.objects.update(due_at=ended)
    assert work_off_lots(Deadline(seconds=None)) == 2
    assert balances() == {}

    undone = undo(done)

    assert undone.undone["removed"] == {"points": 2, "person": 1}
    assert set(PointsAccount.objects.values_list("balance", flat=True)) == {0}
    assert find_differences() == find_wrong_points() == []


def test_a_file_of_balances_names_its_tool(tenant: Tenant) -> None:
    with pytest.raises(Invalid, match="which tool"):
        check(BODY, kind="points")
