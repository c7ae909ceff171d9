"""`audience`: one message is queued to everybody in a segment, chunk by chunk.

The floor is one INSERT … SELECT of the same rows by hand, which nobody could stop or resume. Ours
reads the members page by page, follows merges, and commits each chunk.
"""

import itertools
import tracemalloc
from functools import partial
from typing import Any

from django.db import transaction

from kernel import clock
from kernel.scope import tenant_scope
from messaging.choices import MessageClass
from messaging.models import Template
from messaging.services.audiences import CHUNK, Mailing, queue_audience
from segments.queries.listing import list_member_ids
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

MOST = 500_000
PAIRS = 3
SMALL_SHARE = 5
GOAL = Goal(2.0)
FLAT = Goal(1.2, unit="MB")
MEGABYTE = 1024 * 1024
SEGMENT = 1
TABLES = ("crm_profile", "segments_membership", "messaging_message")
PEOPLE = b"""
INSERT INTO crm_profile (
    tenant_id, email, email_norm, first_name, last_name, name_norm, country, email_consent,
    created_at
)
SELECT %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com', 'Ada', 'B' || n,
    'ada b' || n, 'GB', 'subscribed', %(now)s
FROM generate_series(1, %(people)s) AS n
"""
MEMBERS = b"""
INSERT INTO segments_membership (tenant_id, profile_id, segment_ids, evaluated_at)
SELECT p.tenant_id, p.id, ARRAY[%(segment_id)s]::bigint[], %(now)s
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
"""
FORGET = b"DELETE FROM messaging_message WHERE tenant_id = %(tenant_id)s"
FLOOR = b"""
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id, context, due_at, planned_at,
    created_at
)
SELECT m.tenant_id, %(key)s || ':' || m.profile_id, m.profile_id, 'email', 'promotional',
    %(template_id)s, '{}', %(now)s, %(now)s, %(now)s
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
ON CONFLICT (tenant_id, key) DO NOTHING
"""
_numbers = itertools.count(1)


class _Bench:
    def __init__(self, people: int) -> None:
        self.people = people
        self.tenant_id = make_merchant().tenant_id
        with tenant_scope(self.tenant_id), transaction.atomic():
            template = Template.objects.filter(message_class="promotional")[0]
        self.params: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "template_id": template.pk,
            "segment_id": SEGMENT,
            "people": people,
            "now": clock.now(),
        }
        with bare(replica=True) as cursor:
            cursor.execute(PEOPLE, self.params)
            cursor.execute(MEMBERS, self.params)
        vacuum(TABLES)

    def by_hand(self) -> float:
        """Insert everything at once."""
        self._forget()
        with bare() as cursor:
            params = self.params | {"key": f"hand:{next(_numbers)}"}
            return timed(lambda: cursor.execute(FLOOR, params))

    def ours(self) -> float:
        """Queue chunk by chunk."""
        self._forget()
        seconds = timed(self.queue)
        with bare() as cursor:
            cursor.execute(
                "SELECT count(*) FROM messaging_message WHERE tenant_id = %s", [self.tenant_id]
            )
            assert cursor.fetchone() == (self.people,)
        return seconds

    def queue(self) -> None:
        """Queue a campaign to the segment as campaigns do."""
        mailing = Mailing(
            key=f"bench:{next(_numbers)}",
            channel="email",
            message_class=MessageClass.PROMOTIONAL.value,
            template_id=self.params["template_id"],
            due_at=self.params["now"],
        )
        after = 0
        with tenant_scope(self.tenant_id):
            while True:
                with transaction.atomic():
                    ids = list_member_ids(SEGMENT, after=after, limit=CHUNK)
                    if not ids:
                        break
                    queue_audience(mailing, ids)
                after = ids[-1]

    def peak(self) -> float:
        """Return what Python held at most while it queued, in MB."""
        self._forget()
        self.queue()  # what is loaded once is no part of it
        self._forget()
        tracemalloc.start()
        self.queue()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak / MEGABYTE

    def _forget(self) -> None:
        with bare(replica=True) as cursor:
            cursor.execute(FORGET, self.params)
        vacuum(TABLES[2:])


def run(size: int) -> list[Measured]:
    """Measure against one statement, and what is held of a large audience against a small one.

    Args:
        size: people in the segment, 500,000 at most.
    """
    people = min(size, MOST)
    large = _Bench(people)
    rows = alternate(large.by_hand, large.ours, pairs=PAIRS)
    small = _Bench(max(people // SMALL_SHARE, CHUNK))
    held = [[bench.peak()] for bench in (small, large)]
    work = f"{people} people, {CHUNK} at a time; the floor: one INSERT … SELECT by hand"
    flat = f"held by Python for {large.people} people; the floor: for {small.people}"
    measure = partial(compare, "audience: memory", held[0], held[1], FLAT)
    return [compare("audience", *rows, GOAL, work=work), measure(work=flat)]
