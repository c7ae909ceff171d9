"""What members looked for and callers were told of people, until these are erased."""

from collections.abc import Sequence

from crm.choices import IdentityKind
from crm.domain.traces import Traces
from crm.models import Identity, Profile, ProfileMerge, SavedView
from tenants.services import audit, jobs
from tenants.services.answers import forget_answers

SEARCHED = (
    "view.saved",
    "view.changed",
    "view.deleted",
    "view.restored",
    "orders.exported",
    "points.exported",
    "job.started",
    "segment.created",
    "segment.changed",
    "segment.deleted",
)
"""Actions that keep what somebody typed, so that it may be a person's name or address."""


_NAMING = ("email", "phone", "first_name", "last_name")


def read_traces(profile_ids: Sequence[int]) -> Traces:
    """Return what names people who are about to be erased, and those who became part of them."""
    live = Profile.objects.filter(pk__in=profile_ids).values(*_NAMING)
    merges = ProfileMerge.objects.filter(winner_id__in=profile_ids)
    merged = [
        snapshot[side]
        for snapshot in merges.values_list("snapshot", flat=True)
        for side in ("winner", "loser")
        if side in snapshot
    ]
    rows = [*live, *merged]
    identities = list(
        Identity.objects.filter(profile_id__in=profile_ids).values_list("kind", "value_norm")
    )
    return Traces(
        [row["email"] for row in rows] + _of(identities, IdentityKind.EMAIL),
        [row["phone"] for row in rows] + _of(identities, IdentityKind.PHONE),
        [(row["first_name"], row["last_name"]) for row in rows],
    )


def forget_searches(profile_ids: Sequence[int]) -> None:
    """Take the names of people out of what members saved; joins the caller's transaction.

    A view or a job that looked for her then finds nobody. That somebody looked, when and who,
    stays in the audit trail.
    """
    traces = read_traces(profile_ids)
    changed = []
    for view in SavedView.objects.order_by("pk"):
        said = [view.name, view.query]
        view.name, view.query = traces.redact(said)
        if [view.name, view.query] != said:
            changed.append(view)
    SavedView.objects.bulk_update(changed, ["name", "query"])
    audit.redact(SEARCHED, traces.redact)
    jobs.redact_params(traces.redact)
    forget_answers(traces.addresses)


def _of(identities: Sequence[tuple[str, str]], kind: str) -> list[str]:
    return [value for own, value in identities if own == kind]
