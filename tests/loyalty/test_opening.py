"""Balances of another tool: posted once, exact, and history."""

import json
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

from crm.models import Event, Identity, Profile, ProfileFacts
from crm.services.erasure import erase_profiles
from crm.services.merging import merge_profiles
from loyalty.models import PointsAccount, PointsEntry
from loyalty.services.checks import find_differences
from loyalty.services.opening import Opening, post_openings
from loyalty.services.points import post_entry
from tenants.models import AuditEntry, Tenant
from tests.factories.tenants import call_with, make_key

pytestmark = pytest.mark.django_db


def make_member(email: str) -> Profile:
    profile = Profile.objects.create(email=email, email_norm=email)
    Identity.objects.create(kind="email", value_norm=email, profile=profile)
    ProfileFacts.objects.create(profile=profile)
    return profile


@pytest.fixture
def ada(tenant: Tenant) -> Profile:
    return make_member("ada@example.com")


def bring(*openings: Opening, source: str = "Smile", **options: Any) -> list[str]:
    return post_openings(openings, source=source, actor="ada", **options).outcomes


def test_a_balance_is_posted_once_beside_what_was_earned_here(ada: Profile, broker: object) -> None:
    post_entry(profile_id=ada.pk, kind="earn", points=5, source_key="order:1")  # type: ignore[arg-type] # its word
    member = Opening(120, member_id="m-1", email=" Ada@Example.com ")
    assert bring(member) == ["new"]
    assert bring(member) == ["unchanged"]
    assert bring(member, source="smile") == ["unchanged"]

    entry = PointsEntry.objects.get(kind="open")
    assert (entry.points, entry.note, entry.actor) == (120, "Balance from Smile", "ada")
    assert "ada@" not in entry.source_key
    assert PointsAccount.objects.get().balance == 125
    assert ProfileFacts.objects.get().points_balance == 125
    told = Event.objects.get(name="Points Earned", object_id=entry.pk)
    assert (told.is_backfill, told.properties["kind"]) == (True, "open")
    assert AuditEntry.objects.get(action="points.opened").after == {"balances": 1, "points": 120}
    assert find_differences() == []


def test_another_sum_is_refused_and_nothing_moves(ada: Profile, broker: object) -> None:
    bring(Opening(120, email="ada@example.com"))
    (said,) = bring(Opening(150, email="ada@example.com"))
    assert said.startswith("rejected: Smile opened this balance with 120 points before")
    assert PointsAccount.objects.get().balance == 120
    assert bring(Opening(10, email="ada@example.com"), source="Yotpo") == ["new"]


def test_a_trial_run_says_the_same_and_writes_nothing(ada: Profile, broker: object) -> None:
    openings = [
        Opening(120, email="ada@example.com"),
        Opening(120, email="ada@example.com"),
        Opening(7, email="nobody@example.com"),
        Opening(0, email="ada@example.com", member_id="other"),
    ]
    trial = post_openings(openings, source="Smile", actor="ada", is_trial=True)
    assert not PointsEntry.objects.exists()
    assert not PointsAccount.objects.exists()
    real = post_openings(openings, source="Smile", actor="ada")
    assert trial == real
    assert (real.points, real.count("new"), real.count("rejected")) == (120, 1, 2)
    assert real.outcomes[1] == "unchanged"
    assert PointsAccount.objects.get().balance == 120


def test_balances_follow_a_merge_and_outlive_an_erasure(ada: Profile, broker: object) -> None:
    other = make_member("bob@example.com")
    bring(Opening(100, email="ada@example.com"), Opening(20, email="bob@example.com"))
    merge_profiles([(ada.pk, other.pk)], rule="manual")
    assert PointsAccount.objects.get().balance == 120
    assert bring(Opening(20, email="bob@example.com")) == ["unchanged"]
    erase_profiles([ada.pk])
    assert sum(PointsEntry.objects.values_list("points", flat=True)) == 120


def test_rest_posts_them_with_exact_sums(tenant: Tenant, ada: Profile, broker: object) -> None:
    items = [{"email": "ada@example.com", "points": 120}, {"email": "no@example.com", "points": 3}]
    body = {"source": "Smile", "items": items}

    def post(client: Client, **changes: Any) -> Any:
        data = json.dumps({**body, **changes})
        return client.post("/api/v1/loyalty/openings/", data, content_type="application/json")

    writer = call_with(make_key(tenant, "loyalty:write"))
    trial, real = post(writer, dry_run=True).json(), post(writer).json()
    assert (trial["points"], trial["dry_run"]) == (120, True)
    assert [row["status"] for row in real["results"]] == ["new", "rejected"]
    again = post(writer).json()
    assert (again["points"], again["known_points"]) == (0, 120)
    assert post(writer, items=[{"points": 3}]).status_code == 400
    assert post(call_with(make_key(tenant, "loyalty:read"))).status_code == 403
    assert PointsAccount.objects.get().balance == 120


def test_the_command_reads_a_file_as_often_as_one_likes(
    tenant: Tenant, ada: Profile, broker: object, tmp_path: Path
) -> None:
    file = tmp_path / "balances.csv"
    file.write_text(
        'email,points\nada@example.com,"1,200"\nnobody@example.com,5\nx,many\n', "utf-8"
    )

    def run(*options: str) -> dict[str, Any]:
        out = StringIO()
        arguments = [str(file), "--tenant", tenant.slug, "--source", "Smile", "--json"]
        call_command("import_points", *arguments, *options, stdout=out)
        found: dict[str, Any] = json.loads(out.getvalue())
        return found

    assert run("--dry-run")["points"] == 1200
    first = run()
    assert (first["read"], first["new"], first["rejected"], first["points"]) == (3, 1, 2, 1200)
    again = run()
    assert (again["new"], again["unchanged"], again["known_points"]) == (0, 1, 1200)
    assert PointsEntry.objects.get().points == 1200
