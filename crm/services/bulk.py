"""Background jobs over many people: tags given and taken, and the CSV of the list."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.http import QueryDict

from crm.domain.csv_cells import safe_cell
from crm.models import TagBatch
from crm.queries import people
from crm.queries.people import Person, Wanted
from crm.queries.people_filters import read_exactly, write_query
from crm.services.tags import change_tags
from kernel import clock
from kernel.money import to_text
from kernel.scope import current_tenant_id
from tenants.models import Job
from tenants.queries import get_tenant
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn

BATCH = 2_000
MAX_IDS = 1_000
"""Most people that are named one by one; more are named by what they have in common."""
HEADINGS = (
    "id",
    "name",
    "email",
    "phone",
    "country",
    "city",
    "first_known",
    "email_consent",
    "sms_consent",
    "orders",
    "net_revenue",
    "currency",
    "last_order",
    "rfm_group",
    "points",
    "tags",
    "last_visit",
)


def start_tagging(
    selection: Mapping[str, Any], *, tag: str, adds: bool, actor: str, total: int | None
) -> Job:
    """Start giving a tag to people, or taking it away.

    Args:
        selection: ``ids``, or ``query``: the address of a list without its path.
        tag: as `domain.tags.clean_tag` returns it, not empty.
        adds: False takes it away.
        actor: e-mail address of the member.
        total: how many people, where that is known.
    """
    kind = "profiles.tag" if adds else "profiles.untag"
    return start_job(kind, {**selection, "tag": tag}, actor=actor, total=total)


def start_export(selection: Mapping[str, Any], *, actor: str, total: int | None) -> Job:
    """Start writing the people that a list shows, all pages of it, as CSV."""
    slug = get_tenant(current_tenant_id()).slug
    name = f"profiles-{slug}-{clock.now():%Y-%m-%d}.csv"
    return start_job("profiles.export", {**selection}, actor=actor, total=total, result_name=name)


def tag_people(turn: JobTurn) -> JobStep:
    """Do one batch of giving a tag."""
    return _retag(turn, added=[turn.params["tag"]], removed=[])


def untag_people(turn: JobTurn) -> JobStep:
    """Do one batch of taking a tag away."""
    return _retag(turn, added=[], removed=[turn.params["tag"]])


def undo_tagging(turn: JobTurn) -> JobStep:
    """Take back one batch of another job: only what that job really changed."""
    batches = TagBatch.objects.filter(job_id=turn.undoes or 0).order_by("pk")
    total = None
    if turn.cursor is None:
        total = sum(map(len, batches.values_list("profile_ids", flat=True)))
    batch = batches.filter(pk__gt=turn.cursor or 0).first()
    if batch is None:
        return JobStep(rows=0, cursor=None, total=total)
    change_tags(batch.profile_ids, added=batch.removed, removed=batch.added, actor=turn.actor)
    return JobStep(rows=len(batch.profile_ids), cursor=batch.pk, total=total)


def export_people(turn: JobTurn) -> JobStep:
    """Write one batch of people; the first one writes the headings and counts."""
    wanted = read_selection(turn.params)
    if turn.cursor is None:
        total = people.count_people(wanted, ceiling=None)
        return JobStep(rows=0, cursor="", total=total, output=_write([HEADINGS]))
    page = people.list_people(wanted, clock.now(), after=turn.cursor, limit=people.EXPORT_BATCH)
    currency = get_tenant(current_tenant_id()).currency
    rows = [_cells(person, currency) for person in page.rows]
    return JobStep(rows=len(rows), cursor=page.next, output=_write(rows))


def choose_people(said: QueryDict) -> tuple[dict[str, Any], int | None]:
    """Return who was chosen in a list of people, for `read_selection`, and how many.

    Args:
        said: what the form of the list sends: ``all`` with the list's ``query``, or ``ids``.

    Returns:
        Nothing when nobody was chosen; no number where it is not known yet.

    Raises:
        Invalid: all were chosen, by a filter that is not there any more.
    """
    if said.get("all"):
        return {"query": write_query(read_exactly(QueryDict(said.get("query")).dict()))}, None
    named = read_ids(said)
    return ({"ids": named} if named else {}), len(named)


def read_ids(said: QueryDict) -> list[int]:
    """Return the profiles that a form names one by one, ascending, `MAX_IDS` at most."""
    ids = [int(key) for key in said.getlist("ids") if key.isdecimal() and len(key) < 19]  # noqa: PLR2004 bigint
    return sorted(set(ids))[:MAX_IDS]


def read_selection(params: Mapping[str, Any]) -> Wanted:
    """Return who is meant by the parameters of a job, in each batch of it anew.

    Raises:
        Invalid: a filter is not there any more, such as a segment that was archived meanwhile.
    """
    if "ids" in params:
        return Wanted(ids=tuple(params["ids"]))
    return read_exactly(QueryDict(params["query"]).dict())


def _retag(turn: JobTurn, *, added: list[str], removed: list[str]) -> JobStep:
    wanted = replace(read_selection(turn.params), sort="-new")
    if turn.cursor is None:
        return JobStep(rows=0, cursor=0, total=people.count_people(wanted, ceiling=None))
    ids = people.list_matching_ids(wanted, after=turn.cursor, limit=BATCH)
    changed = change_tags(ids, added=added, removed=removed, actor=turn.actor)
    if changed:
        TagBatch.objects.create(
            job_id=turn.job_id, added=added, removed=removed, profile_ids=changed
        )
    return JobStep(rows=len(ids), cursor=ids[-1] if len(ids) == BATCH else None)


def _write(rows: Sequence[Sequence[object]]) -> str:
    target = io.StringIO()
    csv.writer(target).writerows([safe_cell(cell) for cell in row] for row in rows)
    return target.getvalue()


def _cells(person: Person, currency: str) -> Sequence[object]:
    return (
        person.id,
        person.name,
        person.email,
        person.phone,
        person.country,
        person.city,
        person.created_at.isoformat(),
        person.email_consent,
        person.sms_consent,
        person.order_count,
        to_text(person.net_minor, currency),
        currency,
        person.last_order_at.isoformat() if person.last_order_at else "",
        person.rfm_group,
        person.points_balance,
        ", ".join(person.tags),
        person.last_seen_at.isoformat() if person.last_seen_at else "",
    )
