"""`campaign`: the recipients of a campaign to a segment are built, and its messages are queued.

The floor is one INSERT … SELECT of the same recipients by hand, which nobody could stop or resume.
Ours draws a lot for each person, follows merges, and commits each chunk.
"""

import itertools
from typing import Any

from django.db import transaction

from flows.choices import CampaignState
from flows.models import Campaign
from flows.services.campaigns.composing import CampaignData, create_campaign
from flows.services.campaigns.running import take_step
from flows.services.campaigns.scheduling import schedule_campaign
from kernel import clock
from kernel.scope import tenant_scope
from messaging.models import Template
from segments.models import Segment
from tests.benchmarks.audience import MEMBERS, PEOPLE
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

MOST = 500_000
PAIRS = 3
GOAL = Goal(2.0)
TABLES = ("crm_profile", "segments_membership", "flows_recipient")
FORGET = b"DELETE FROM flows_recipient WHERE tenant_id = %(tenant_id)s"
FLOOR = b"""
INSERT INTO flows_recipient (tenant_id, campaign_id, profile_id, channel, cell, due_at, slot)
SELECT m.tenant_id, %(campaign_id)s, m.profile_id, 'email', 0, %(now)s, m.profile_id
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
ON CONFLICT (tenant_id, profile_id, campaign_id, channel) DO NOTHING
"""
_numbers = itertools.count(1)


class _Bench:
    def __init__(self, people: int) -> None:
        self.people = people
        self.tenant_id = make_merchant().tenant_id
        with tenant_scope(self.tenant_id), transaction.atomic():
            self.template_id = Template.objects.filter(message_class="promotional")[0].pk
            segment = Segment.objects.create(
                name="Everybody", definition={"field": "order_count", "is": ">=", "value": 0}
            )
        self.params: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "segment_id": segment.pk,
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
        campaign_id = self._write()
        with bare() as cursor:
            params = self.params | {"campaign_id": campaign_id}
            return timed(lambda: cursor.execute(FLOOR, params))

    def ours(self) -> float:
        """Build chunk by chunk, as a worker does."""
        self._forget()
        campaign_id = self._write()
        seconds = timed(lambda: self._build(campaign_id))
        with bare() as cursor:
            cursor.execute(
                "SELECT count(*) FROM flows_recipient WHERE tenant_id = %s", [self.tenant_id]
            )
            assert cursor.fetchone() == (self.people,)
        return seconds

    def _build(self, campaign_id: int) -> None:
        """Take steps until the audience is taken."""
        with tenant_scope(self.tenant_id):
            while take_step():
                with transaction.atomic():
                    state = Campaign.objects.get(pk=campaign_id).state
                if state not in (CampaignState.SCHEDULED, CampaignState.PREPARING):
                    break

    def _write(self) -> int:
        with tenant_scope(self.tenant_id), transaction.atomic():
            Campaign.objects.update(due_at=None)
            data = CampaignData(
                name=f"Campaign {next(_numbers)}",
                template_ids=[self.template_id],
                include_ids=[self.params["segment_id"]],
            )
            made = create_campaign(data)
            schedule_campaign(made.pk)
            return made.pk

    def _forget(self) -> None:
        with bare(replica=True) as cursor:
            cursor.execute(FORGET, self.params)
        vacuum(TABLES[2:])


def run(size: int) -> list[Measured]:
    """Measure against one statement.

    Args:
        size: people in the segment, 500,000 at most.
    """
    people = min(size, MOST)
    bench = _Bench(people)
    rows = alternate(bench.by_hand, bench.ours, pairs=PAIRS)
    work = f"{people} recipients; the floor: one INSERT … SELECT by hand"
    return [compare("campaign: recipients", *rows, GOAL, work=work)]
