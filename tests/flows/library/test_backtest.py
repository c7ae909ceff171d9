"""Cart recovery of the library on a demo shop: its backtest sends what was really sent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import chain, cycle

import pytest
from django.db.models import QuerySet

from crm.choices import EventSource
from crm.models import Profile
from crm.services.events import append_events
from crm.services.ingest import apply_records
from crm.types import CustomerRecord, NewEvent, OrderRecord, Record
from flows.domain.graph import Message as MessageNode
from flows.models import Flow, RunStep
from flows.services.dry.backtests import replay
from flows.services.dry.gates import find_stopped
from flows.services.dry.limits import ask_limits, read_rules
from flows.services.dry.starts import Replay
from flows.services.dry.subject import find_tried
from kernel import clock
from kernel.formats import find_zone
from messaging.models import Message
from messaging.types import NewMessage
from stores.simulator.catalogue import JUNIPER
from stores.simulator.history import Year, build_catalogue
from tests.factories.crm import make_store
from tests.flows.library.story import Story

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
KNOWN_DAYS = 40
GAPS = (HOUR / 3, 1.5 * HOUR, 5 * HOUR, 30 * HOUR, 3 * DAY)
"""How long before an order its cart was left."""
Line = tuple[int, str, str, datetime]
"""Person, node, template and time of a message."""


class Shop:
    """A demo shop whose last day happens while the flow is on."""

    def __init__(self, story: Story) -> None:
        self.story = story
        self.store_id = make_store().pk
        days = list(Year(JUNIPER, until=NOON + DAY, seed=8).tell())[-KNOWN_DAYS:]
        records = list(chain.from_iterable(day.records for day in days))
        orders = [each for each in records if isinstance(each, OrderRecord)]
        self.coming = [each for each in orders if each.ordered_at > NOON]
        past = [each for each in orders if each.ordered_at <= NOON]
        self.apply([*build_catalogue(JUNIPER, NOON), *past], is_backfill=True)

    def apply(self, records: Sequence[Record], *, is_backfill: bool = False) -> None:
        source = EventSource.SYNC
        now = clock.now()
        apply_records(self.store_id, records, source=source, is_backfill=is_backfill, now=now)
        self.story.settle()

    def live(self) -> None:
        """Let carts be left and bought, one after the other."""
        told: list[tuple[datetime, str, OrderRecord]] = []
        for order, gap in zip(self.coming, cycle(GAPS), strict=False):
            told.append((order.ordered_at, "order", order))
            if order.ordered_at - gap > NOON:
                told.append((order.ordered_at - gap, "cart", order))
            if gap > 5 * HOUR:
                told.append((order.ordered_at + 2 * HOUR, "another cart", order))
        for at, what, order in sorted(told, key=lambda each: (each[0], each[1])):
            self.story.live(seconds=(at - clock.now()).total_seconds())
            if what == "order":
                self.apply([order])
            else:
                self.leave_cart(order, f"{what} {order.external_id}")
        self.story.live(days=5)

    def leave_cart(self, order: OrderRecord, cart: str) -> None:
        now = clock.now()
        guest = order.customer or CustomerRecord("", now, email=order.email)
        phone = f"+4477009{int(order.external_id) % 100_000:05}"
        said = replace(guest, version_at=now, consent_at=now, phone=phone, sms_consent="subscribed")
        self.apply([said])
        person = Profile.objects.get(email=order.email)
        event = NewEvent(
            name="Cart Abandoned",
            occurred_at=now,
            source=EventSource.SYSTEM,
            profile_id=person.pk,
            properties={"cart_id": cart},
        )
        append_events([event])
        self.story.settle()


@pytest.mark.covers("X1", "F3")
def test_of_a_demo_shop_the_backtest_of_cart_recovery_is_what_was_really_sent(
    story: Story,
) -> None:
    shop = Shop(story)
    flow = Flow.objects.get(pk=story.install("cart_recovery"))
    shop.live()

    until = clock.now()
    graph = find_tried(flow).graph
    [*ids] = Replay(flow.pk, graph, NOON, until).list_starters(0).profile_ids
    passages = replay(flow.pk, graph, ids, since=NOON, until=until)
    stopped = find_stopped(passages)
    rules = read_rules(find_zone("Europe/London"))
    stopped |= ask_limits(flow.pk, passages, stopped, rules, since=NOON, until=until).stopped

    def line(message: NewMessage) -> Line:
        node = graph.nodes[message.node_id]
        assert isinstance(node, MessageNode)
        return message.profile_id, message.node_id, node.template, message.due_at

    def lines_of(rows: QuerySet[Message]) -> list[Line]:
        """Return messages with the time at which the flow sent them on their way."""
        steps = RunStep.objects.filter(result="queued").values_list("run_id", "node_id", "at")
        times = {(run_id, node_id): at for run_id, node_id, at in steps}
        told = rows.values_list("profile_id", "node_id", "template__key", "flow_run_id")
        return sorted(
            (person, node, str(template), times[run_id or 0, node])
            for person, node, template, run_id in told
        )

    messages = [each for passage in passages for each in passage.messages]
    real = Message.objects.filter(flow_id=flow.pk)
    assert sorted(map(line, messages)) == lines_of(real)
    left = sorted(line(each) for each in messages if each.key not in stopped)
    assert left == lines_of(real.filter(status="sent"))
    assert Counter(template for _, _, template, _ in left) == {
        "cart_member": 1,
        "cart_new": 1,
        "cart_sms": 2,
        "cart_vip": 1,
    }
