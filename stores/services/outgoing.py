"""What endpoints of the merchant are to be told, queued in the transaction of whoever reacts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from crm.queries.events import list_arrivals, read_events, read_people
from crm.types import EventRef
from kernel import clock
from kernel.arrays import array, columns
from kernel.scope import current_tenant_id
from kernel.secrets import new_token
from kernel.sql import count_sql
from kernel.work import ring
from stores.domain.outgoing import FLOW_TYPE, MAX_BODY, TEST_TYPE, TYPE_OF
from stores.models import WebhookEndpoint

OUTGOING: Final = "outgoing"
OLD_SECRET: Final = timedelta(days=1)
"""How long the secret before the present one signs beside it."""
_NEW: Final = "endpoints events profiles types messages bodies"


@dataclass(frozen=True, slots=True)
class _Wish:
    """An endpoint that is on, and the types that it wants; none means all."""

    id: int
    types: frozenset[str]
    since: datetime

    def wants(self, ref: EventRef) -> bool:
        """Say whether it is told of an event."""
        return not self.types or TYPE_OF[ref.name] in self.types


@dataclass(frozen=True, slots=True)
class StepCall:
    """Somebody came to a step of a flow that tells an endpoint.

    Attributes:
        key: its cause; the id of the message that is posted comes of it.
        data: what the flow says, as JSON.
    """

    endpoint_id: int
    profile_id: int
    key: str
    data: Mapping[str, Any]


def queue_step_calls(calls: Sequence[StepCall]) -> None:
    """Queue what steps of flows tell endpoints, in the surrounding transaction."""
    people = read_people({call.profile_id for call in calls})
    _queue(
        [
            (
                call.endpoint_id,
                0,
                call.profile_id,
                FLOW_TYPE,
                f"msg_{current_tenant_id()}_{call.key}",
                _spell(
                    FLOW_TYPE,
                    {"profile": people.get(call.profile_id), "properties": {}, **call.data},
                ),
            )
            for call in calls
        ]
    )


def queue_for_events(refs: list[EventRef]) -> None:
    """Queue events for the endpoints that want them; history is told to nobody.

    A batch that is handled twice queues nothing twice.
    """
    asked = [ref for ref in refs if not ref.is_backfill and ref.name in TYPE_OF]
    wishes = _wishes() if asked else []
    if not wishes:
        return
    pairs = [(wish, ref) for ref in asked for wish in wishes if wish.wants(ref)]
    pairs += _arrivals(asked, wishes)
    bodies = _bodies(list({ref.event_id: ref for _, ref in pairs}.values()))
    _queue(
        [
            (wish.id, ref.event_id, ref.profile_id, TYPE_OF[ref.name], _message_id(ref), body)
            for wish, ref in pairs
            if (body := bodies.get(ref.event_id)) is not None
        ]
    )


def queue_test(endpoint_id: int) -> None:
    """Queue a test that carries no data of anybody, in the surrounding transaction."""
    body = _spell(TEST_TYPE, {"message": "This is a test. Nothing happened in your shop."})
    _queue([(endpoint_id, 0, None, TEST_TYPE, f"msg_{new_token()}", body)])


def forget_people(profile_ids: Sequence[int]) -> None:
    """Empty what endpoints were or are to be told of people who are erased."""
    count_sql("stores.forget_outgoing", profile_ids=array(profile_ids))


def _queue(rows: Sequence[tuple[Any, ...]]) -> None:
    if rows and count_sql("stores.queue_outgoing", now=clock.now(), **columns(_NEW, rows)):
        ring(OUTGOING, current_tenant_id())


def _wishes() -> list[_Wish]:
    rows = WebhookEndpoint.objects.filter(is_enabled=True).order_by("pk")
    return [_Wish(row.pk, frozenset(row.types), row.created_at) for row in rows]


def _arrivals(asked: Sequence[EventRef], wishes: Sequence[_Wish]) -> list[tuple[_Wish, EventRef]]:
    """Return the arrivals of people that came with their first order, for who wants them.

    Only what was recorded since an endpoint was made; what it was told already is left alone.
    """
    eager = [wish for wish in wishes if not wish.types or "profile.created" in wish.types]
    people = {ref.profile_id for ref in asked if ref.name == "Order Placed" and ref.profile_id}
    if not eager or not people:
        return []
    found = list_arrivals(people)
    return [(wish, ref) for ref, at in found for wish in eager if at >= wish.since]


def _message_id(ref: EventRef) -> str:
    return f"msg_{current_tenant_id()}_{ref.event_id}"


def _bodies(refs: Sequence[EventRef]) -> dict[int, str]:
    """Return the body of each event by its id, in two statements for any number."""
    events = read_events(refs)
    people = read_people({ref.profile_id for ref in refs if ref.profile_id is not None})
    bodies = {}
    for ref in refs:
        event = events.get(ref.event_id)
        if event is None:
            continue
        data = {
            "event_id": str(ref.event_id),
            "event": ref.name,
            "occurred_at": ref.occurred_at.isoformat(),
            "profile": people.get(ref.profile_id or 0),
            "object_id": None if ref.object_id is None else str(ref.object_id),
            "store_id": None if event.store_id is None else str(event.store_id),
            "properties": event.properties,
        }
        bodies[ref.event_id] = _spell(TYPE_OF[ref.name], data)
    return bodies


def _spell(type_: str, data: Mapping[str, Any]) -> str:
    """Return a body as JSON; one that is too long leaves its properties out and says so."""
    said = {"type": type_, "timestamp": clock.now().isoformat(), "data": data}
    body = json.dumps(said, default=str)
    if len(body.encode()) <= MAX_BODY:
        return body
    cut = {**data, "properties": {}, "is_cut": True}
    return json.dumps({**said, "data": cut}, default=str)
