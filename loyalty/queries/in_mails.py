"""What templates read as ``loyalty``: the points of each recipient."""

from collections.abc import Sequence
from typing import Any

from crm.models import ProfileFacts
from loyalty.models import Program
from messaging.types import PendingMessage


def loyalty_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, Any]]:
    """``loyalty``: points, what becomes of them, and what they are called.

    Nothing without a program. Somebody of whom nothing is known yet has a balance of 0.
    """
    program = Program.objects.filter(is_active=True).first()
    if program is None:
        return {}
    people = {message.profile.id for message in messages}
    facts = {row.profile_id: row for row in ProfileFacts.objects.filter(profile_id__in=people)}
    return {
        message.id: {**_points(facts.get(message.profile.id)), "program": program.name}
        for message in messages
    }


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
