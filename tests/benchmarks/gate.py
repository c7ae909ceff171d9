"""`gate`: 100,000 recipients of one campaign are asked everything, in sets of ten thousand.

The floor is one anti-join written by hand that finds who may get it and no reason for anybody. Ours
reads who the people are, asks every gate of this app, and has the trail of each message in hand:
which gates were asked, what each said and its value. Neither claims nor writes.
"""

from typing import Any
from uuid import UUID

from django.db import transaction

from crm.services.addresses import address_hash
from kernel import clock
from kernel.scope import tenant_scope
from messaging import gates
from messaging.models import Template
from messaging.queries.sending import find_recipients
from messaging.services.gating import ask_gates
from messaging.types import PendingMessage
from tests.benchmarks.measure import Goal, Measured, alternate, compare, timed
from tests.benchmarks.world import bare, make_merchant, vacuum

SET = 10_000
RECIPIENTS = 100_000
CLAIM = UUID(int=0)
"""Of every message, as those of a set have one."""
TABLES = (
    "crm_profile",
    "crm_profilefacts",
    "crm_suppression",
    "crm_ticket",
    "crm_review",
    "messaging_message",
    "messaging_preferences",
)

PEOPLE = b"""
INSERT INTO crm_profile (
    tenant_id, email, email_norm, first_name, last_name, name_norm, country, email_consent,
    created_at
)
SELECT %(tenant_id)s, 'p' || n || '@example.com', 'p' || n || '@example.com', 'Ada', 'B' || n,
    'ada b' || n, 'GB', CASE WHEN n %% 10 = 0 THEN 'unsubscribed' ELSE 'subscribed' END, %(now)s
FROM generate_series(1, %(people)s) AS n
"""
FACTS = b"""
INSERT INTO crm_profilefacts (tenant_id, profile_id, last_clicked_at)
SELECT p.tenant_id, p.id, %(now)s - (p.id %% 180) * interval '1 day'
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s
"""
LEFT = b"""
INSERT INTO messaging_message (
    tenant_id, key, profile_id, channel, message_class, template_id, context, status, due_at,
    planned_at, created_at, claimed_at, sent_at
)
SELECT p.tenant_id, 'b' || p.id || '-' || n, p.id, 'email', 'promotional', %(template_id)s, '{}',
    'sent', at, at, at, at, at
FROM crm_profile AS p
CROSS JOIN LATERAL generate_series(1, p.id %% 4) AS n
CROSS JOIN LATERAL (
    SELECT %(now)s - n * interval '8 days' - (p.id %% 190) * interval '1 hour'
        + interval '190 hours' AS at
) AS past
WHERE p.tenant_id = %(tenant_id)s AND at < %(now)s
"""
TICKETS = b"""
INSERT INTO crm_ticket (
    tenant_id, store_id, external_id, profile_id, status, opened_at, source_version_at
)
SELECT p.tenant_id, %(store_id)s, 't' || p.id, p.id,
    CASE WHEN p.id %% 100 = 0 THEN 'open' ELSE 'resolved' END, %(now)s, %(now)s
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id %% 10 = 0
"""
REVIEWS = b"""
INSERT INTO crm_review (
    tenant_id, store_id, external_id, profile_id, rating, reviewed_at, source_version_at
)
SELECT p.tenant_id, %(store_id)s, 'r' || p.id, p.id, 1 + p.id / 7 %% 5, %(now)s, %(now)s
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id %% 7 = 0
"""
WISHES = b"""
INSERT INTO messaging_preferences (tenant_id, profile_id, paused_until, changed_at)
SELECT p.tenant_id, p.id, %(now)s + interval '9 days', %(now)s
FROM crm_profile AS p
WHERE p.tenant_id = %(tenant_id)s AND p.id %% 50 = 3
"""
SUPPRESSIONS = b"""
INSERT INTO crm_suppression (tenant_id, channel, address_hash, reason, scope)
SELECT %(tenant_id)s, 'email', unnest(%(hashes)s::text[]), 'hard_bounce', 'all'
"""
FLOOR = b"""
SELECT p.id
FROM crm_profile AS p
JOIN (SELECT unnest(%(ids)s::bigint[]) AS id, unnest(%(hashes)s::text[]) AS hash) AS a
    ON a.id = p.id
LEFT JOIN crm_profilefacts AS f ON f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
LEFT JOIN (
    SELECT m.profile_id,
        count(*) FILTER (WHERE m.left_at > %(now)s - interval '16 hours') AS close,
        count(*) FILTER (WHERE m.left_at > %(now)s - interval '72 hours') AS flood,
        count(*) FILTER (WHERE m.left_at > %(now)s - interval '7 days') AS points,
        count(*) AS month
    FROM (
        SELECT profile_id, COALESCE(sent_at, claimed_at) AS left_at
        FROM messaging_message
        WHERE tenant_id = %(tenant_id)s AND status IN ('sent', 'unknown')
            AND message_class IN ('promotional', 'behavioural')
            AND COALESCE(sent_at, claimed_at) > %(now)s - interval '30 days'
            AND profile_id = ANY(%(ids)s)
    ) AS m
    GROUP BY m.profile_id
) AS u ON u.profile_id = p.id
WHERE p.tenant_id = %(tenant_id)s
    AND p.id = ANY(%(ids)s)
    AND p.erased_at IS NULL
    AND p.email LIKE '%%@%%.%%'
    AND p.email_consent = 'subscribed'
    AND COALESCE(u.close, 0) = 0
    AND COALESCE(u.flood, 0) < 11
    AND COALESCE(u.points, 0) < 10
    AND COALESCE(u.month, 0)
        < CASE WHEN f.last_clicked_at > %(now)s - interval '90 days' THEN 8 ELSE 4 END
    AND NOT EXISTS (
        SELECT 1 FROM crm_suppression AS s
        WHERE s.tenant_id = %(tenant_id)s AND s.channel = 'email' AND s.address_hash = a.hash
    )
    AND NOT EXISTS (
        SELECT 1 FROM messaging_preferences AS w
        WHERE w.tenant_id = %(tenant_id)s AND w.profile_id = p.id AND w.paused_until > %(now)s
    )
    AND NOT EXISTS (
        SELECT 1 FROM crm_ticket AS t
        WHERE t.tenant_id = %(tenant_id)s AND t.profile_id = p.id
            AND t.status IN ('open', 'pending')
    )
    AND NOT EXISTS (
        SELECT 1 FROM crm_return AS r
        WHERE r.tenant_id = %(tenant_id)s AND r.profile_id = p.id
            AND r.status IN ('requested', 'approved', 'received')
    )
    AND NOT EXISTS (
        SELECT 1 FROM crm_review AS v
        WHERE v.tenant_id = %(tenant_id)s AND v.profile_id = p.id AND v.rating <= 2
            AND v.answered_at IS NULL
    )
    AND NOT EXISTS (
        SELECT 1 FROM crm_shipment AS s
        JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = s.order_id
        WHERE s.tenant_id = %(tenant_id)s AND o.profile_id = p.id AND s.delayed_at IS NOT NULL
            AND s.delivered_at IS NULL AND s.state NOT IN ('cancelled', 'returned')
    )
    AND NOT EXISTS (
        SELECT 1 FROM messaging_message AS m
        WHERE m.tenant_id = %(tenant_id)s AND m.profile_id = p.id AND m.status = 'pending'
            AND m.message_class = 'promotional' AND m.due_at <= %(now)s + interval '10 minutes'
    )
"""


class Gates:
    """People of whom every gate has something to say.

    Attributes:
        ids: of everybody, ascending.
        now: the moment for which the gates are asked.
    """

    def __init__(self, people: int) -> None:
        self.merchant = make_merchant()
        self.tenant_id = self.merchant.tenant_id
        with tenant_scope(self.tenant_id), transaction.atomic():
            template = Template.objects.filter(message_class="promotional")[0]
        self.template_id = template.pk
        self.now = clock.now()
        self.ids = self._fill(people)
        own = {
            name for name, ask in gates._filled.items() if ask.__module__.startswith("messaging")
        }
        gates._filled = {name: gates._filled[name] for name in own}

    def _fill(self, people: int) -> list[int]:
        params = self._params() | {"people": people}
        with bare(replica=True) as cursor:
            cursor.execute("SET LOCAL enable_nestloop = off")
            for statement in (PEOPLE, FACTS, LEFT, TICKETS, REVIEWS, WISHES):
                cursor.execute(statement, params)
            cursor.execute(
                "SELECT id, email FROM crm_profile WHERE tenant_id = %s", [self.tenant_id]
            )
            rows = sorted(cursor.fetchall())
            hashes = [self._hash(email) for _, email in rows]
            cursor.execute(SUPPRESSIONS, params | {"hashes": hashes[::25]})
        self.hashes = hashes
        vacuum(TABLES)
        return [profile_id for profile_id, _ in rows]

    def ours(self) -> float:
        return timed(self.ask)

    def by_hand(self) -> float:
        return timed(self.select)

    def ask(self) -> set[int]:
        """Ask the gates for everybody and look at what would be written of each."""
        passed: set[int] = set()
        with tenant_scope(self.tenant_id):
            for first in range(0, len(self.ids), SET):
                with transaction.atomic():
                    people = find_recipients(self.ids[first : first + SET])
                    messages = [self._message(person) for person in people.values()]
                    asked = ask_gates(messages, self.now)
                    for message in messages:
                        asked.trail(message.id)
                    passed.update(message.id for message in asked.passed)
        return passed

    def select(self) -> set[int]:
        """Find who may get it."""
        with bare() as cursor:
            cursor.execute(FLOOR, self.params)
            return {profile_id for (profile_id,) in cursor.fetchall()}

    def check(self) -> None:
        """Let both come to the same people."""
        if self.ask() != self.select():
            raise AssertionError("The gates let other people pass than the statement by hand")

    def _message(self, person: Any) -> PendingMessage:
        return PendingMessage(
            id=person.id,
            key=str(person.id),
            profile=person,
            channel="email",
            message_class="promotional",
            template_id=self.template_id,
            flow_id=None,
            flow_run_id=None,
            node_id="",
            context={},
            planned_at=self.now,
            message_id="",
            attempts=0,
            is_resend=False,
            claim_id=CLAIM,
        )

    def _hash(self, email: str) -> str:
        return address_hash("email", email, tenant_id=self.tenant_id)

    @property
    def params(self) -> dict[str, Any]:
        """What the statement by hand takes."""
        return self._params() | {"ids": self.ids, "hashes": self.hashes}

    def _params(self) -> dict[str, Any]:
        return {
            "tenant_id": self.tenant_id,
            "store_id": self.merchant.store_id,
            "template_id": self.template_id,
            "now": self.now,
        }


def run(size: int) -> list[Measured]:
    """Measure against one statement that says who, and nothing of why.

    Args:
        size: recipients, 100,000 at most.
    """
    recipients = min(size, RECIPIENTS)
    bench = Gates(recipients)
    bench.check()
    floors, runs = alternate(bench.by_hand, bench.ours)
    work = f"{recipients} recipients, every gate with its value; the floor: one anti-join by hand"
    return [compare("gate", floors, runs, Goal(3.0), work=work)]
