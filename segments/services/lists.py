"""Lists that people put together: who is on one is a membership like any other.

Whoever is put on a list enters it as if something had happened, so that flows start; a copy of a
segment starts none. What else had come due for these people is told either way.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db import IntegrityError, transaction

from crm.choices import IdentityKind
from crm.domain.identifiers import normalize_email
from crm.queries import people
from crm.queries.finding import find_owners
from crm.services.bulk import read_selection
from kernel import clock
from kernel.arrays import array
from kernel.errors import Conflict, Invalid
from kernel.sql import run_sql
from segments.choices import Cause, SegmentKind
from segments.domain.shared import with_dependents
from segments.fields import define_list
from segments.models import Segment
from segments.queries.conditions import list_definitions
from segments.queries.listing import get_segment, list_member_ids
from segments.services.memberships import Why, decide_memberships, of_profiles
from segments.services.segments import lock_segment, note_use
from segments.services.upkeep import lock_upkeep
from segments.types import ChangeCause
from stores.services.segment_tags import wish_for_members
from tenants.models import Job
from tenants.services import audit
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH: Final = 2_000
MOST_ADDRESSES: Final = 10_000
"""E-mail addresses that are taken from one text; more come as an import."""
_WORD: Final = re.compile(r"[^\s,;<>\"'()]+")


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the addresses of a text.

    Attributes:
        added: people who were put on the list.
        already: people who were on it before.
        unknown: addresses of nobody, as they were typed.
    """

    added: int
    already: int
    unknown: list[str]


@transaction.atomic
def create_list(*, name: str, description: str = "", tags: Sequence[str] = ()) -> Segment:
    """Create a list with nobody on it.

    Raises:
        Conflict: a segment or list of this name exists.
        Invalid: the name is empty.
    """
    cleaned = name.strip()
    if not cleaned:
        raise Invalid("A list needs a name.", fields={"name": "must not be empty"})
    try:
        with transaction.atomic():
            made = Segment.objects.create(
                kind=SegmentKind.STATIC,
                name=cleaned,
                description=description,
                definition={},
                tags=list(tags),
                refreshed_at=clock.now(),
            )
    except IntegrityError as exc:
        raise Conflict(f"a segment called {cleaned!r} exists", fields={"name": "is taken"}) from exc
    made.definition = define_list(made.pk)
    made.save(update_fields=["definition"])
    after = {"name": cleaned, "description": description}
    audit.record("list.created", "list", made.pk, after=after)
    return made


@transaction.atomic
def add_to_list(
    list_id: int, profile_ids: Sequence[int], *, actor: str, is_quiet: bool = False
) -> list[int]:
    """Put people on a list; a repeat changes nothing.

    Args:
        list_id: of the tenant.
        profile_ids: merged, erased and unknown ones are left out.
        actor: e-mail address of the member, or ``key:<hint>``.
        is_quiet: nothing happened in anybody's life: no flow starts.

    Returns:
        The profiles that were not on it.

    Raises:
        NotFound: no such list.
        Conflict: it is a segment with conditions, or archived.
    """
    lock_upkeep()
    found = _lock_list(list_id)
    now = clock.now()
    rows = run_sql(
        "segments.put_on_list",
        segment_id=list_id,
        profile_ids=array(sorted(set(profile_ids))),
        now=now,
        actor=actor,
    )
    added = sorted(row.profile_id for row in rows)
    if added:
        _decide(list_id, added, is_quiet=is_quiet)
        _record("list.added", found, added, actor)
    return added


@transaction.atomic
def remove_from_list(list_id: int, profile_ids: Sequence[int], *, actor: str) -> list[int]:
    """Take people off a list; a repeat changes nothing.

    Returns:
        The profiles that were on it.

    Raises:
        NotFound: no such list.
        Conflict: it is a segment with conditions, or archived.
    """
    lock_upkeep()
    found = _lock_list(list_id)
    ids = array(sorted(set(profile_ids)))
    rows = run_sql("segments.take_off_list", segment_id=list_id, profile_ids=ids)
    removed = sorted(row.profile_id for row in rows)
    if removed:
        _decide(list_id, removed, is_quiet=False)
        _record("list.removed", found, removed, actor)
    return removed


def add_by_address(list_id: int, text: str, *, actor: str) -> Added:
    """Put the owners of all e-mail addresses in a text on a list, however they are set apart.

    Raises:
        NotFound: no such list.
        Conflict: it is a segment with conditions, or archived.
        Invalid: there is no address in it, or there are more than 10,000.
    """
    addresses = (word for word in _WORD.findall(text) if "@" in word[1:-1])
    typed = {normalize_email(word) or word.lower(): word for word in addresses}
    if not typed:
        raise Invalid("There is no email address in it.")
    if len(typed) > MOST_ADDRESSES:
        raise Invalid(f"These are more than {MOST_ADDRESSES:,} addresses; import them as a file.")
    kind = str(IdentityKind.EMAIL)
    owners = find_owners({(kind, address) for address in typed})
    ids = set(owners.values())
    added = add_to_list(list_id, sorted(ids), actor=actor)
    unknown = [word for address, word in typed.items() if (kind, address) not in owners]
    return Added(len(added), len(ids) - len(added), unknown)


@transaction.atomic
def start_adding(
    list_id: int, selection: Mapping[str, Any], *, actor: str, total: int | None
) -> Job:
    """Start putting people that a list of people shows on a list.

    Args:
        list_id: of the tenant.
        selection: as `crm.services.bulk.read_selection` takes it.
        actor: e-mail address of the member.
        total: how many people, where that is known.

    Raises:
        NotFound: no such list.
        Conflict: it is a segment with conditions, or archived.
    """
    name = _lock_list(list_id).name
    params = {**selection, "list": list_id, "name": name}
    return start_job("lists.add", params, actor=actor, total=total)


@transaction.atomic
def start_snapshot(segment_id: int, name: str, *, actor: str) -> tuple[Segment, Job]:
    """Start copying those who are in a segment now to a list of its own.

    Raises:
        NotFound: no such segment.
        Conflict: a segment of this name exists.
    """
    source = get_segment(segment_id)
    made = create_list(name=name, description=f"Who was in {source.name} when it was copied.")
    note_use(segment_id)
    params = {"list": made.pk, "segment": segment_id, "name": made.name}
    job = start_job("lists.copy", params, actor=actor, total=source.member_count)
    return made, job


def add_batch(turn: JobTurn) -> JobStep:
    """Put one batch of people on a list."""
    wanted = read_selection(turn.params)
    if turn.cursor is None:
        return JobStep(rows=0, cursor=0, total=people.count_people(wanted, ceiling=None))
    ids = people.list_matching_ids(wanted, after=turn.cursor, limit=BATCH)
    add_to_list(turn.params["list"], ids, actor=turn.actor)
    return JobStep(rows=len(ids), cursor=ids[-1] if len(ids) == BATCH else None)


def copy_batch(turn: JobTurn) -> JobStep:
    """Copy one batch of members to a list, which starts no flow.

    Raises:
        NotFound: the segment was deleted meanwhile.
        Conflict: it was archived, and nobody is in it any more.
    """
    source = get_segment(turn.params["segment"])
    if source.archived_at is not None:
        raise Conflict(f"{source.name} is archived")
    ids = list_member_ids(turn.params["segment"], after=turn.cursor or 0, limit=BATCH)
    add_to_list(turn.params["list"], ids, actor=turn.actor, is_quiet=True)
    return JobStep(rows=len(ids), cursor=ids[-1] if len(ids) == BATCH else None)


def _lock_list(list_id: int) -> Segment:
    found = lock_segment(list_id)
    if found.kind != SegmentKind.STATIC:
        raise Conflict(f"{found.name} fills itself by its conditions")
    if found.archived_at is not None:
        raise Conflict(f"{found.name} is archived")
    return found


def _decide(list_id: int, profile_ids: Sequence[int], *, is_quiet: bool) -> None:
    trees = list_definitions()
    cause = ChangeCause(Cause.DEFINITION if is_quiet else Cause.MANUAL)
    why = Why(cause, own=with_dependents([list_id], trees))
    decide_memberships(of_profiles(profile_ids), clock.now(), why, trees=trees)
    if is_quiet:  # no event tells stores of them
        wish_for_members(profile_ids)


def _record(action: str, found: Segment, profile_ids: Sequence[int], actor: str) -> None:
    told = {"name": found.name, "people": len(profile_ids), "first": list(profile_ids[:20])}
    is_added = action == "list.added"
    audit.record(
        action,
        "list",
        found.pk,
        before=None if is_added else told,
        after=told if is_added else None,
        actor=actor,
    )
