"""Points that a member gives or takes by hand, with a reason."""

from uuid import UUID

from django.db import transaction

from crm.services.ids import lock_final_profiles
from kernel.errors import Invalid, NotFound
from loyalty.choices import EntryKind
from loyalty.errors import TokenUsed
from loyalty.models import PointsEntry
from loyalty.queries.ledger import is_live_profile
from loyalty.services.points import lock_account, post_entry
from tenants.services import audit

MAX_POINTS = 10_000_000
"""Most points that one adjustment moves."""
MAX_REASON = 500


@transaction.atomic
def adjust_points(
    *, profile_id: int, points: int, reason: str, token: UUID, actor: str
) -> PointsEntry:
    """Give points to somebody, or take them; the same form counts once however often it is sent.

    Args:
        profile_id: of the profile; one that was merged stands for its winner.
        points: signed whole points, not 0.
        reason: in words; the audit trail and the ledger keep it.
        token: of the form.
        actor: e-mail address of the member.

    Returns:
        The entry; the first one when the form was sent before.

    Raises:
        Invalid: no points, too many, or no reason; ``fields`` says which.
        InsufficientPoints: the balance would fall below zero.
        NotFound: there is no such profile, or it was erased.
        TokenUsed: the form was sent for another profile.
    """
    _check(points, reason)
    # Share-locked first: a merge must not move entries while this one is posted.
    final_id = lock_final_profiles([profile_id]).get(profile_id)
    if final_id is None or not is_live_profile(final_id):
        raise NotFound("This profile does not exist.")
    account = lock_account(final_id)
    source_key = f"adjust:{token}"
    posted = PointsEntry.objects.filter(kind=EntryKind.ADJUST, source_key=source_key).first()
    if posted is not None:
        if posted.profile_id != final_id:
            raise TokenUsed("This form was sent for somebody else before.")
        return posted
    entry = post_entry(
        profile_id=final_id,
        kind=EntryKind.ADJUST,
        points=points,
        source_key=source_key,
        actor=actor,
        note=reason.strip(),
    )
    audit.record(
        "points.adjusted",
        "profile",
        final_id,
        before={"balance": account.balance},
        after={"balance": account.balance + points, "points": points, "reason": reason.strip()},
        actor=actor,
    )
    return entry


def _check(points: int, reason: str) -> None:
    fields = {}
    if points == 0:
        fields["points"] = "is 0"
    elif abs(points) > MAX_POINTS:
        fields["points"] = f"is more than {MAX_POINTS:,}"
    if not reason.strip():
        fields["reason"] = "is empty"
    elif len(reason.strip()) > MAX_REASON:
        fields["reason"] = f"is longer than {MAX_REASON} characters"
    if fields:
        raise Invalid("Points and a reason are needed.", fields=fields)
