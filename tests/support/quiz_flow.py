"""A flow that people enter by a quiz, for tests that run it in an instance and look at its end.

Everybody gets a first message, has a property counted and earns points; those in Great Britain wait
and get a second one. One in ten may be written to: the others' messages end at the gate of consent.
"""

import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from django.db import transaction

from crm.models import Profile
from crm.services.api_store import resolve_store
from crm.services.events import append_events
from crm.services.ingest import apply_records
from crm.types import AddressData, CustomerRecord, NewEvent
from flows.models import FlowRun, RunStep
from kernel import clock
from kernel.scope import tenant_scope
from kernel.work import ring
from loyalty.models import PointsAccount
from messaging.models import Message
from tenants.models import Tenant
from tests.factories.flows import definition, make_flow, message_node
from tests.factories.messaging import make_template
from tests.flows.nodes import act, wait

PORTIONS: Final = 20
PAUSE_SECONDS: Final = 0.25
NODES: Final = {
    "first": message_node("first", then="count"),
    "count": act("update_property", "pay", property="passed", how="add", value=1),
    "pay": act("points", "split", points=5),
    "split": {
        "type": "split",
        "condition": {"field": "country", "is": "=", "value": "GB"},
        "yes": "hour",
        "no": "end",
    },
    "hour": wait(1, "hours", "second"),
    "second": message_node("second"),
}


def prepare(slug: str, people: int) -> None:
    """Make the people and the flow."""
    now = clock.now()
    records = [
        CustomerRecord(
            external_id=str(number),
            version_at=now,
            email=f"p{number}@{slug}.example",
            first_name="Ada",
            address=AddressData(country="GB" if number % 3 else "FR"),
            email_consent="" if number % 10 else "subscribed",
            consent_at=now,
        )
        for number in range(people)
    ]
    with tenant_scope(_tenant(slug)), transaction.atomic():
        apply_records(resolve_store(None), records, source="api", now=now)
        for key in ("first", "second"):
            make_template(key, subject=key)
        make_flow(definition(NODES, trigger={"event": "Quiz Done"}, reentry={"policy": "once"}))


def feed(slug: str) -> None:
    """Let everybody do the quiz, a portion at a time, for the workers to react to."""

    def tell(profile_ids: Sequence[int]) -> None:
        now = clock.now()
        append_events(
            [
                NewEvent("Quiz Done", now, source="api", profile_id=profile_id)
                for profile_id in profile_ids
            ]
        )

    with tenant_scope(_tenant(slug)), transaction.atomic():
        ids = list(Profile.objects.order_by("pk").values_list("pk", flat=True))
    _portion(slug, ids, tell)


def wake(slug: str) -> None:
    """Let the hour be over for everybody who waits, a portion at a time."""
    tenant_id = _tenant(slug)

    def call(run_ids: Sequence[int]) -> None:
        FlowRun.objects.filter(pk__in=run_ids, is_waiting=True).update(wake_at=clock.now())
        ring("flows", tenant_id)

    with tenant_scope(tenant_id), transaction.atomic():
        waiting = FlowRun.objects.filter(status="active").order_by("pk")
        ids = list(waiting.values_list("pk", flat=True))
    _portion(slug, ids, call)


def tell(slug: str) -> None:
    """Print as JSON what became of everybody."""
    with tenant_scope(_tenant(slug)), transaction.atomic():
        people: dict[int, tuple[str, dict[str, Any]]] = {
            pk: (email.partition("@")[0], properties)
            for pk, email, properties in Profile.objects.values_list("pk", "email", "properties")
        }
        balances = dict(PointsAccount.objects.values_list("profile_id", "balance"))
        messages = Message.objects.values_list("profile_id", "node_id", "status", "reason")
        runs = FlowRun.objects.values_list("profile_id", "status", "is_waiting")
        steps = RunStep.objects.values_list("run__profile_id", "node_id", "visit", "result")
        told = {
            "people": sorted(
                [email, properties.get("passed", 0), balances.get(pk, 0)]
                for pk, (email, properties) in people.items()
            ),
            "messages": sorted([people[pk][0], *rest] for pk, *rest in messages),
            "runs": sorted([people[pk][0], *rest] for pk, *rest in runs),
            "steps": sorted([people[pk][0], *rest] for pk, *rest in steps),
        }
    sys.stdout.write(json.dumps(told) + "\n")


def _portion(slug: str, ids: Sequence[int], work: Callable[[Sequence[int]], None]) -> None:
    size = max(len(ids) // PORTIONS, 1)
    for first in range(0, len(ids), size):
        with tenant_scope(_tenant(slug)), transaction.atomic():
            work(ids[first : first + size])
        time.sleep(PAUSE_SECONDS)


def _tenant(slug: str) -> int:
    return Tenant.objects.get(slug=slug).pk
