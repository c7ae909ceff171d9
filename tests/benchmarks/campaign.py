"""`campaign`: the recipients of a campaign to a segment are built, asked, and queued.

The floor is one INSERT … SELECT by hand, which nobody could stop or resume: of the same recipients,
or of the messages of those whom all gates let pass, without a reason for anybody. Ours draws a lot
for each person, follows merges, commits each chunk, and has the trail of each message in hand.
"""

import itertools
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction
from psycopg import sql

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
from tests.benchmarks.gate import FLOOR as WHO_PASSES
from tests.benchmarks.gate import Gates
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

MOST = 500_000
PAIRS = 3
GOAL = Goal(2.0)
GATED_GOAL = Goal(3.0)
TABLES = ("crm_profile", "segments_membership", "flows_recipient", "messaging_message")
FORGET = (
    b"DELETE FROM flows_recipient WHERE tenant_id = %(tenant_id)s",
    b"DELETE FROM messaging_message WHERE tenant_id = %(tenant_id)s AND status = 'pending'",
)
FLOOR = b"""
INSERT INTO flows_recipient (tenant_id, campaign_id, profile_id, channel, cell, due_at, slot)
SELECT m.tenant_id, %(campaign_id)s, m.profile_id, 'email', 0, %(now)s, m.profile_id
FROM segments_membership AS m
WHERE m.tenant_id = %(tenant_id)s AND m.segment_ids @> ARRAY[%(segment_id)s]::bigint[]
ON CONFLICT (tenant_id, profile_id, campaign_id, channel) DO NOTHING
"""
GATED = (
    b"""
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id, context, due_at, planned_at,
    created_at
)
SELECT %(tenant_id)s, %(key)s || ':' || who.id, who.id, 'email', 'promotional', %(template_id)s,
    '{}', %(now)s, %(now)s, %(now)s
FROM ("""
    + WHO_PASSES
    + b""") AS who
ON CONFLICT (tenant_id, key) DO NOTHING
"""
)
_numbers = itertools.count(1)


class _Bench:
    """A tenant whose people are all in one segment."""

    def __init__(self, tenant_id: int, people: int) -> None:
        self.people = people
        self.tenant_id = tenant_id
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
            cursor.execute(MEMBERS, self.params)
        vacuum(TABLES)

    def by_hand(self) -> float:
        """Insert everything at once."""
        self._forget()
        campaign_id = self._write()
        params = self.params | {"campaign_id": campaign_id}
        return timed(lambda: _execute(FLOOR, params))

    def ours(self) -> float:
        """Build chunk by chunk, as a worker does."""
        self._forget()
        campaign_id = self._write()
        seconds = timed(lambda: self._go_on(campaign_id, _is_built))
        self._check("flows_recipient", self.people)
        return seconds

    def _check(self, table: str, number: int) -> None:
        query = sql.SQL("SELECT count(*) FROM {} WHERE tenant_id = %s AND campaign_id IS NOT NULL")
        with bare() as cursor:
            cursor.execute(query.format(sql.Identifier(table)), [self.tenant_id])
            if cursor.fetchone() != (number,):
                raise AssertionError(f"Not everybody is in {table}")

    def _go_on(self, campaign_id: int, is_done: Callable[[Campaign], bool]) -> None:
        """Take steps until a campaign is so far."""
        with tenant_scope(self.tenant_id):
            while take_step():
                with transaction.atomic():
                    campaign = Campaign.objects.get(pk=campaign_id)
                if is_done(campaign):
                    return
        raise AssertionError(f"Campaign {campaign_id} stands still")

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
            for statement in FORGET:
                cursor.execute(statement, self.params)
        vacuum(TABLES[2:])


class _Gated(_Bench):
    """The same where every gate has something to say of people."""

    def __init__(self, people: int) -> None:
        self._gates = Gates(people)
        super().__init__(self._gates.tenant_id, people)

    def by_hand(self) -> float:
        self._forget()
        params = self._gates.params | {"key": f"hand:{next(_numbers)}"}
        return timed(lambda: _execute(GATED, params))

    def ours(self) -> float:
        self._forget()
        campaign_id = self._write()
        seconds = timed(lambda: self._send(campaign_id))
        with tenant_scope(self.tenant_id), transaction.atomic():
            self._check("messaging_message", Campaign.objects.get(pk=campaign_id).released_count)
        return seconds

    def _send(self, campaign_id: int) -> None:
        """Build, ask, queue; nobody's own message is in the way of the gates."""
        self._go_on(campaign_id, _is_built)
        self._gates.ask()
        self._go_on(campaign_id, _is_released)


def _execute(statement: bytes, params: Mapping[str, Any]) -> None:
    """Run a statement to its commit, at which references are checked."""
    with bare() as cursor:
        cursor.execute(statement, params)


def _is_built(campaign: Campaign) -> bool:
    return campaign.state == CampaignState.SENDING


def _is_released(campaign: Campaign) -> bool:
    return campaign.state == CampaignState.SENDING and not campaign.phase


def run(size: int) -> list[Measured]:
    """Measure against one statement.

    Args:
        size: people in the segment, 500,000 at most.
    """
    people = min(size, MOST)
    tenant_id = make_merchant().tenant_id
    with bare(replica=True) as cursor:
        cursor.execute(PEOPLE, {"tenant_id": tenant_id, "people": people, "now": clock.now()})
    plain, gated = _Bench(tenant_id, people), _Gated(people)
    work = f"{people} recipients; the floor: one INSERT … SELECT by hand"
    rows = alternate(plain.by_hand, plain.ours, pairs=PAIRS)
    asked = alternate(gated.by_hand, gated.ours, pairs=PAIRS)
    return [
        compare("campaign: recipients", *rows, GOAL, work=work),
        compare(
            "campaign: with gates", *asked, GATED_GOAL, work=f"{work}, of who passes all gates"
        ),
    ]
