"""What messages know of points: what templates read as ``loyalty``, and who is on which tier."""

from collections.abc import Collection, Sequence
from typing import Any

from crm.models import ProfileFacts
from loyalty.models import PointsAccount, Program
from loyalty.queries.tiers import list_tiers
from messaging.types import PendingMessage


def loyalty_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, Any]]:
    """``loyalty``: points, what becomes of them, and what they are called.

    Without a program nobody has points, and ``program`` is empty. Somebody of whom nothing is known
    yet has a balance of 0.
    """
    program = Program.objects.filter(is_active=True).first()
    if program is None:
        nothing = {**_points(None), "benefits": "", "program": ""}
        return {message.id: nothing for message in messages}
    people = {message.profile.id for message in messages}
    facts = {row.profile_id: row for row in ProfileFacts.objects.filter(profile_id__in=people)}
    benefits = {tier.name: tier.benefits for tier in list_tiers()}
    points = {message.id: _points(facts.get(message.profile.id)) for message in messages}
    return {
        message_id: {
            **said,
            "benefits": benefits.get(said["tier"], ""),
            "program": program.name,
        }
        for message_id, said in points.items()
    }


def list_tier_choices() -> list[tuple[str, str]]:
    """Return id and name of every tier, the lowest first."""
    return [(str(tier.pk), tier.name) for tier in list_tiers()]


def find_tiers(profile_ids: Collection[int]) -> dict[int, str]:
    """Return the tier of each of some people who are on one, in one statement."""
    rows = PointsAccount.objects.filter(profile_id__in=profile_ids, tier_id__isnull=False)
    return {profile_id: str(tier) for profile_id, tier in rows.values_list("profile_id", "tier_id")}


def _points(facts: ProfileFacts | None) -> dict[str, Any]:
    if facts is None:
        return {
            "balance": 0,
            "usable": 0,
            "pending": 0,
            "expiring": 0,
            "expires_at": None,
            "tier": "",
        }
    return {
        "balance": facts.points_balance,
        "usable": max(0, facts.points_balance - facts.points_pending),
        "pending": facts.points_pending,
        "expiring": facts.points_expiring,
        "expires_at": facts.points_expire_at,
        "tier": facts.loyalty_tier,
    }
