"""The members of a segment as a file of hashed addresses, for an audience of an ad platform.

An address is in it only where its owner may be written to on that channel: subscribed, and not
suppressed. Who has neither is left out.
"""

import csv
import io
from collections.abc import Sequence

from crm.domain.identifiers import normalize_email
from crm.queries import people
from crm.queries.people import Person
from crm.services.bulk import read_selection
from kernel import clock
from kernel.errors import Invalid
from kernel.scope import current_tenant_id
from segments.domain.audiences import FORMATS, Format
from segments.models import Segment
from segments.services.segments import note_use
from tenants.models import Job
from tenants.queries import get_tenant
from tenants.services.jobs import start_job
from tenants.types import JobStep, JobTurn


def start_audience(segment: Segment, platform: str, *, actor: str) -> Job:
    """Start writing the members of a segment as hashed addresses.

    Args:
        segment: of the active tenant.
        platform: a key of `FORMATS`.
        actor: e-mail address of the member.

    Raises:
        Invalid: no such platform.
    """
    if platform not in FORMATS:
        raise Invalid("Choose one of the ad platforms")
    slug = get_tenant(current_tenant_id()).slug
    job = start_job(
        "segments.audience",
        {"query": f"segment={segment.pk}", "platform": platform, "name": segment.name},
        actor=actor,
        total=segment.member_count,
        result_name=f"audience-{platform}-{slug}-{segment.pk}-{clock.now():%Y-%m-%d}.csv",
    )
    note_use(segment.pk)
    return job


def write_batch(turn: JobTurn) -> JobStep:
    """Write one batch of members; the first one writes the headings and counts."""
    wanted, form = read_selection(turn.params), FORMATS[turn.params["platform"]]
    if turn.cursor is None:
        total = people.count_people(wanted, ceiling=None)
        return JobStep(rows=0, cursor="", total=total, output=_write([form.headings]))
    page = people.list_people(wanted, clock.now(), after=turn.cursor, limit=people.EXPORT_BATCH)
    rows = [cells for person in page.rows if any(cells := _cells(person, form))]
    return JobStep(rows=len(page.rows), cursor=page.next, output=_write(rows))


def _cells(person: Person, form: Format) -> tuple[str, str]:
    """Return the hashes of a person; empty where they may not be written to."""
    email, sms, *_ = person.reach
    address = normalize_email(person.email) if email.level == "yes" else ""
    number = person.phone if sms.level == "yes" else ""
    return form.hash_email(address), form.hash_phone(number)


def _write(rows: Sequence[Sequence[str]]) -> str:
    target = io.StringIO()
    csv.writer(target).writerows(rows)
    return target.getvalue()
