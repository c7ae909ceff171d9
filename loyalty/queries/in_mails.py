"""What templates read as ``loyalty``: the points of each recipient."""

from collections.abc import Sequence
from typing import Any

from loyalty.models import PointsAccount, Program
from messaging.types import PendingMessage


def loyalty_values(messages: Sequence[PendingMessage]) -> dict[int, dict[str, Any]]:
    """``loyalty``: balance, tier and what points are called; nothing without a program.

    Somebody without an account has no points yet, which is a balance of 0.
    """
    program = Program.objects.filter(is_active=True).first()
    if program is None:
        return {}
    people = {message.profile.id for message in messages}
    rows = PointsAccount.objects.filter(profile_id__in=people)
    balances = dict(rows.values_list("profile_id", "balance"))
    return {
        message.id: {
            "balance": balances.get(message.profile.id, 0),
            "tier": "",
            "program": program.name,
        }
        for message in messages
    }
