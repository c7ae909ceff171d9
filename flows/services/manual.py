"""Putting people into a flow: chosen ones, or the members of a segment.

They pass the same pipeline as everybody else, the trigger filter excepted, which looks at an event
that there is none of.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import transaction

from crm.services.ids import lock_final_profiles
from crm.types import EventRef
from flows.choices import EntryOutcome, Refusal
from flows.domain.starts import ADDED
from flows.models import Flow
from flows.queries import people
from flows.queries.versions import find_graphs, list_live
from flows.services.enrolment import outcome_of
from flows.services.entry_stages import judge, still_open
from flows.services.knocking import NewStart, start_runs
from flows.types import Attempt, LiveFlow
from kernel import clock
from kernel.errors import Conflict, NotFound
from segments.queries.listing import get_segment, list_member_ids
from tenants.models import Job
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH: Final = 1_000
PREVIEWED: Final = 5_000
"""Members of a segment that a preview asks for; of larger ones it is a sample."""
NOT_LIVE: Final = "Switch the flow on first: nobody can be put into one that is off."


@dataclass(slots=True)
class EntryCounts:
    """What became of people who were put into a flow, or would become.

    Attributes:
        asked: how many were looked at.
        unknown: ids that are no known person of the tenant.
        refused: people by a `Refusal` word; who is held out is not among them.
    """

    asked: int = 0
    enrolled: int = 0
    held_out: int = 0
    unknown: int = 0
    refused: Counter[str] = field(default_factory=Counter)

    def add(self, asked: int, attempts: Sequence[Attempt]) -> None:
        """Count a batch: those without an attempt are unknown."""
        self.asked += asked
        self.unknown += asked - len(attempts)
        for attempt in attempts:
            outcome = outcome_of(attempt)
            self.enrolled += outcome == EntryOutcome.ENROLLED
            self.held_out += outcome == EntryOutcome.HELD_OUT
            if outcome == EntryOutcome.REFUSED:
                self.refused[str(attempt.reason)] += 1

    def to_json(self) -> dict[str, Any]:
        """Return the counts for the audit trail and the API."""
        return {
            "asked": self.asked,
            "enrolled": self.enrolled,
            "held_out": self.held_out,
            "unknown": self.unknown,
            "refused": dict(sorted(self.refused.items())),
        }


@transaction.atomic
def enrol_people(
    flow_id: int,
    profile_ids: Sequence[int],
    *,
    actor: str,
    key: str,
    properties: Mapping[str, Any] | None = None,
) -> EntryCounts:
    """Put chosen people into a flow.

    Args:
        flow_id: a flow that is on.
        profile_ids: whom; those that are unknown are counted.
        actor: e-mail address of the member, or the key.
        key: what makes this call once for ever, such as an id of a form.
        properties: what runs and messages know of the start, as of the properties of an event.

    Raises:
        NotFound: there is no such flow.
        Conflict: it is off.
    """
    _get_live(flow_id)
    counts = EntryCounts()
    wanted = sorted(set(profile_ids))
    counts.add(len(wanted), put_in(flow_id, wanted, key, actor, properties or {}))
    audit.record("flow.enrolled", "flow", flow_id, after=counts.to_json(), actor=actor)
    return counts


def preview_people(
    flow_id: int, profile_ids: Sequence[int], properties: Mapping[str, Any] | None = None
) -> EntryCounts:
    """Count what would become of people if they were put into a flow, and write nothing.

    Raises:
        NotFound: there is no such flow.
        Conflict: it is off.
    """
    live = _get_live(flow_id)
    counts = EntryCounts()
    wanted = sorted(set(profile_ids))
    for at in range(0, len(wanted), BATCH):
        part = wanted[at : at + BATCH]
        counts.add(len(part), _try(live, part, properties or {}))
    return counts


def preview_segment(flow_id: int, segment_id: int) -> tuple[EntryCounts, int]:
    """Count the same for the members of a segment, of a large one for a sample.

    Returns:
        The counts, and how many members there are.

    Raises:
        NotFound: there is no such flow or segment.
        Conflict: the flow is off.
    """
    segment = get_segment(segment_id)
    members = list_member_ids(segment_id, after=0, limit=PREVIEWED)
    return preview_people(flow_id, members), max(segment.member_count, len(members))


@transaction.atomic
def enrol_segment(flow_id: int, segment_id: int, *, actor: str, key: str) -> Job:
    """Begin to put the members of a segment into a flow.

    Args:
        flow_id: a flow that is on.
        segment_id: whose members.
        actor: e-mail address of the member.
        key: what makes this click once for ever: a second job of it puts nobody in again.

    Raises:
        NotFound: there is no such flow or segment.
        Conflict: the flow is off.
    """
    _get_live(flow_id)
    segment = get_segment(segment_id)
    name = Flow.objects.values_list("name", flat=True).get(pk=flow_id)
    params = {
        "flow": flow_id,
        "segment": segment_id,
        "key": key,
        "name": f"{segment.name} into {name}",
    }
    job = start_job("flows.enrol", params, actor=actor, total=segment.member_count)
    audit.record("flow.enrolled", "flow", flow_id, after={"segment": segment.name}, actor=actor)
    return job


def enrol_batch(turn: JobTurn) -> JobStep:
    """Put one batch of members into a flow; a flow that was switched off ends the job.

    Raises:
        Conflict: the flow is off by now.
    """
    flow_id = int(turn.params["flow"])
    _get_live(flow_id)
    ids = list_member_ids(turn.params["segment"], after=turn.cursor or 0, limit=BATCH)
    put_in(flow_id, ids, f"segment:{turn.params['key']}", turn.actor, {})
    return JobStep(rows=len(ids), cursor=ids[-1] if len(ids) == BATCH else None)


def put_in(
    flow_id: int, profile_ids: Sequence[int], key: str, actor: str, properties: Mapping[str, Any]
) -> list[Attempt]:
    """Let people knock at a flow that is on, in the caller's transaction.

    Args:
        flow_id: the flow.
        profile_ids: whom; unknown ones are left out.
        key: what makes it once for ever, whoever repeats it.
        actor: who puts them in.
        properties: what runs and messages know of the start.
    """
    now = clock.now()
    return start_runs(
        [
            NewStart(
                name=ADDED,
                flow_id=flow_id,
                profile_id=profile_id,
                at=now,
                key=f"flow_added:{flow_id}:{key}:{profile_id}",
                properties={**properties, "added_by": actor},
            )
            for profile_id in people.find_known(profile_ids)
        ]
    )


def _try(
    live: LiveFlow, profile_ids: Sequence[int], properties: Mapping[str, Any]
) -> list[Attempt]:
    """Return the attempts that people would make, judged."""
    now = clock.now()
    final = lock_final_profiles(people.find_known(profile_ids))
    erased, unknown = people.find_absent(final.values())
    attempts = [
        Attempt(
            live.flow_id,
            live.version_id,
            EventRef(-place, ADDED, now, profile_id, live.flow_id, is_backfill=False),
            profile_id,
            profile_id in erased,
            properties=properties,
            holdout=live.holdout,
        )
        for place, profile_id in enumerate(sorted(set(final.values()) - unknown), start=1)
    ]
    judge(attempts, find_graphs([live.version_id]), now, is_real=False)
    _refuse_taken(attempts)
    return attempts


def _refuse_taken(attempts: Sequence[Attempt]) -> None:
    """Refuse those whose run exists already, which a real entry finds out when it is written."""
    entering = still_open(attempts)
    taken = people.find_run_keys(
        {attempt.flow_id for attempt in entering}, {attempt.profile_id for attempt in entering}
    )
    for attempt in entering:
        if (attempt.flow_id, attempt.profile_id, attempt.run_key) in taken:
            attempt.reason = Refusal.FREQUENCY


def _get_live(flow_id: int) -> LiveFlow:
    found = next((each for each in list_live() if each.flow_id == flow_id), None)
    if found is None:
        if not Flow.objects.filter(pk=flow_id).exists():
            raise NotFound("This flow does not exist.")
        raise Conflict(NOT_LIVE)
    return found
