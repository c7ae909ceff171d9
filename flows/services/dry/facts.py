"""What a dry walk knows of people, read for many at once: walking asks the database nothing.

Events, orders, segments and what follows from them are as they were at each moment. What is only
kept as it is today is taken as it is today: people's properties, zones and addresses.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from flows.domain.conditions import asks_run
from flows.domain.graph import Graph, Message
from flows.domain.lots import draw_bucket, pick_way
from flows.domain.nodes import (
    ELSE,
    HAPPENED,
    IN_STOCK,
    WAY,
    ABSplit,
    Branches,
    ChannelChoice,
    DateWait,
    EventWait,
    RandomShare,
    StockWait,
    TaskWait,
)
from flows.domain.steps import Asked
from flows.domain.values import Condition
from flows.queries import people, reach
from flows.services.asking import (
    draw_share,
    has_happened,
    named_of,
    pass_by,
    read_date,
    since_of,
)
from flows.services.conditions import combine
from flows.services.dry.stretches import Stretches
from flows.services.exits import SEGMENT_ENTERED
from flows.services.waiting import listening
from flows.services.walkers import Walker
from flows.types import Happened, TemplateRef
from kernel.tenancy import current_tenant_id
from segments.services.evaluate import matching, matching_then

Answers = dict[int, Asked]
NOBODY: Final = 0
"""Id of a shopper who does not exist."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to happen at a node.

    Attributes:
        way: word of the way that is taken; empty for a wait that ends by its own time.
        after: how long after a wait began it ends so.
    """

    way: str = ""
    after: timedelta | None = None


Reach = Mapping[str, tuple[bool, str]]
"""By channel: whether there is an address today, and what is said to marketing today."""


@dataclass(slots=True)
class Person:
    """One person on the way through time; ``happened`` grows with it.

    Attributes:
        reach: no channel of which nothing is known, such as push.
    """

    id: int
    zone: ZoneInfo
    is_erased: bool = False
    reach: Reach = field(default_factory=dict)
    properties: Mapping[str, Any] = field(default_factory=dict)
    happened: list[Happened] = field(default_factory=list)


class Unanswered(Exception):
    """A walk asks conditions that are yet to be found out; it begins anew once they are."""

    def __init__(self, conditions: Sequence[Condition], at: datetime) -> None:
        super().__init__("yet to be found out")
        self.conditions = conditions
        self.at = at


@dataclass(slots=True)
class Facts:
    """What is known of some people and of the flow that they walk.

    Attributes:
        now: aware; the present, of which people are asked.
        is_past: what is lived through is past: orders and segments are asked as they were at each
            moment, of everybody at once (`answer`).
        is_guessing: a walk that asks what is yet to be found out goes on with a guess, so that it
            comes to its other questions too; what it did counts for nothing.
        choices: by node, for a shopper who is made to go certain ways.
        visits: highest visit by run and node.
        sent: runs and nodes whose message was queued.
        heard: nodes that wait for each event, by its name.
        ends: names of the events that end runs.
        stretches: what the engine did that can be repeated; nothing where somebody chooses.
    """

    flow_id: int
    graph: Graph
    people: Mapping[int, Person]
    now: datetime
    is_past: bool = False
    is_guessing: bool = False
    choices: Mapping[str, Choice] = field(default_factory=dict)
    visits: dict[tuple[int, str], int] = field(default_factory=dict)
    sent: set[tuple[int, str]] = field(default_factory=set)
    heard: Mapping[str, set[str]] = field(init=False, default_factory=dict)
    ends: frozenset[str] = field(init=False, default=frozenset())
    stretches: Stretches = field(init=False)
    _templates: dict[str, TemplateRef] | None = None
    _met: dict[str, set[int]] = field(default_factory=dict)
    _then: dict[tuple[int, int, datetime], bool] = field(default_factory=dict)
    _open: dict[int, tuple[Condition, set[tuple[int, datetime]]]] = field(default_factory=dict)
    """By id of a condition, which is a part of the definition and lives as long as it does: what is
    asked of whom at which moments."""
    _waiting: set[int] = field(default_factory=set)
    _channels: dict[str, tuple[Mapping[int, frozenset[str]], Mapping[int, str]]] = field(
        default_factory=dict
    )
    _ways: dict[str, dict[int, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.heard = listening(self.graph)
        self.ends = frozenset(on.event or SEGMENT_ENTERED for on in self.graph.exit_on)
        self.stretches = Stretches(self.graph, is_on=not self.choices)

    @property
    def templates(self) -> dict[str, TemplateRef]:
        """The templates that the flow names."""
        if self._templates is None:
            nodes = self.graph.nodes.values()
            named = {node.template for node in nodes if isinstance(node, Message)}
            self._templates = people.find_templates(named)
        return self._templates

    def look(self, node: object, group: Sequence[Walker], now: datetime) -> Answers:
        """Return what a decision at a node needs to know, as `flows.services.asking.ask` does."""
        choice = self.choices.get(getattr(node, "id", ""))
        asker = _ASKERS.get(type(node))
        if choice is not None and type(node) in _WAITS:
            return {walker.run_id: _wait_out(node, choice, walker, now) for walker in group}
        if choice is not None and choice.way and asker is not None:
            return {walker.run_id: Asked(way=choice.way) for walker in group}
        if asker is None:
            return pass_by(node, group)
        return asker(self, node, group, now)

    def who_meets(self, condition: Condition, group: Sequence[Walker], now: datetime) -> set[int]:
        """Return the runs of a group that meet a condition.

        Raises:
            Unanswered: of somebody it is yet to be found out.
        """
        chosen = self.choices.get(group[0].node)
        if chosen is not None and chosen.way in {"yes", "no"}:
            return {walker.run_id for walker in group} if chosen.way == "yes" else set()

        def whose_message(state: str, node: str) -> set[int]:
            if state != "sent":
                return set()
            return {walker.run_id for walker in group if (walker.run_id, node) in self.sent}

        def whose_profile(asked: Condition) -> set[int]:
            return {each.run_id for each in group if self.meets(asked, each.profile_id, now)}

        told = {walker.run_id: named_of(walker) for walker in group}
        return combine(condition, told, whose_message, whose_profile)

    def meets(self, condition: Condition, person_id: int, now: datetime) -> bool:
        """Say whether somebody meets a condition.

        Raises:
            Unanswered: it is yet to be found out.
        """
        if not self.is_past:
            return person_id in self.matching(condition)
        self.expect([condition], person_id, now)
        guess = condition is self.graph.entry_filter
        return self._then.get((id(condition), person_id, now), guess)

    def expect(self, conditions: Sequence[Condition], person_id: int, now: datetime) -> None:
        """Have conditions answered; those on the run ask nothing.

        Raises:
            Unanswered: some of them are yet to be found out, and nothing is guessed.
        """
        missing = [
            each
            for each in conditions
            if (id(each), person_id, now) not in self._then and not asks_run(each)
        ]
        if not missing:
            return
        if not self.is_guessing:
            raise Unanswered(missing, now)
        self.ask(missing, person_id, (now,))

    def ask(
        self, conditions: Sequence[Condition], person_id: int, moments: Collection[datetime]
    ) -> None:
        """Note what is to be found out of somebody, and at which moments."""
        self._waiting.add(person_id)
        for condition in conditions:
            asked = self._open.setdefault(id(condition), (condition, set()))[1]
            asked.update((person_id, at) for at in moments)

    def is_open(self, person_id: int) -> bool:
        """Say whether anything is to be found out of somebody."""
        return person_id in self._waiting

    def forget(self, runs: Sequence[Walker]) -> None:
        """Forget runs of a walk that begins anew."""
        for run in runs:
            for node in self.graph.nodes:
                self.visits.pop((run.run_id, node), None)
                self.sent.discard((run.run_id, node))

    def answer(self) -> None:
        """Find out what is open; one question for each condition, whoever asks it."""
        for key, (condition, asked) in self._open.items():
            met = matching_then(condition, sorted(asked), self.now)
            self._then.update({(key, *one): one in met for one in asked})
        self._open.clear()
        self._waiting.clear()

    def matching(self, condition: Condition) -> set[int]:
        """Return who of the people meets a condition today; who does not exist meets every one."""
        key = json.dumps(condition, sort_keys=True, default=str)
        if key not in self._met:
            real = [person_id for person_id in self.people if person_id != NOBODY]
            made_up = self.people.keys() & {NOBODY}
            self._met[key] = matching(condition, real, self.now) | made_up
        return self._met[key]

    def remember_way(self, node: str, profile_id: int, result: str) -> None:
        """Keep where somebody went, as an A/B split leaves everybody where they went before."""
        self._ways.setdefault(node, {})[profile_id] = result

    def way_before(self, node: ABSplit, profile_id: int) -> str:
        """Return the way that a person went last at a node, in this walk."""
        return self._ways.get(node.id, {}).get(profile_id, "")

    def channels_of(
        self, node: ChannelChoice
    ) -> tuple[Mapping[int, frozenset[str]], Mapping[int, str]]:
        """Return on which channels people can be written to today, and which was theirs last."""
        if node.id not in self._channels:
            channels = [way.channel for way in node.branches]
            real = [person_id for person_id in self.people if person_id != NOBODY]
            able = reach.find_channels(real, channels, node.message_class, self.now)
            last: Mapping[int, str] = {}
            if node.by_history:
                last = reach.last_channels(real, channels, since=self.now - _ENGAGED_FOR)
            self._channels[node.id] = ({NOBODY: frozenset(channels), **able}, last)
        return self._channels[node.id]


_ENGAGED_FOR: Final = timedelta(days=180)


def _wait_out(node: object, choice: Choice, walker: Walker, now: datetime) -> Asked:
    """End a wait when it is to end; one that is to run out asks for nothing else."""
    if choice.after is None:
        return Asked(until=walker.waited_until)
    begun = walker.waited_since or now
    if isinstance(node, DateWait):
        return Asked(at=begun + choice.after)
    word = HAPPENED if isinstance(node, EventWait) else IN_STOCK
    is_over = begun + choice.after <= now
    return Asked(way=word if is_over else "", until=walker.waited_until)


def _ask_date(facts: Facts, node: DateWait, group: Sequence[Walker], now: datetime) -> Answers:
    del now
    answers = {}
    for walker in group:
        known = walker.properties if node.holder == "event" else None
        if known is None:
            known = facts.people[walker.profile_id].properties
        answers[walker.run_id] = Asked(at=read_date(node, known.get(node.name), walker))
    return answers


def _ask_event(facts: Facts, node: EventWait, group: Sequence[Walker], now: datetime) -> Answers:
    told = [match for match in node.any_of if not match.message]
    answers = {}
    for walker in group:
        happened = facts.people[walker.profile_id].happened
        is_met = has_happened(told, walker, happened, since_of(node, walker, now))
        answers[walker.run_id] = Asked(way=HAPPENED if is_met else "", until=walker.waited_until)
    return answers


def _ask_stock(facts: Facts, node: StockWait, group: Sequence[Walker], now: datetime) -> Answers:
    """Let everybody wait to the end: nobody keeps what stood on the shelf."""
    del facts, node, now
    return {walker.run_id: Asked(until=walker.waited_until) for walker in group}


def _ask_task(facts: Facts, node: TaskWait, group: Sequence[Walker], now: datetime) -> Answers:
    """Let everybody wait to the end: nobody does what nobody was asked to do."""
    del facts, node, now
    return {walker.run_id: Asked(until=walker.waited_until) for walker in group}


def _ask_branches(facts: Facts, node: Branches, group: Sequence[Walker], now: datetime) -> Answers:
    ways: dict[int, str] = {}
    left = list(group)
    if facts.is_past:
        facts.expect([way.condition for way in node.branches], group[0].profile_id, now)
    for way in node.branches:
        met = facts.who_meets(way.condition, left, now) if left else set()
        ways |= dict.fromkeys(met, f"{WAY}{way.name}")
        left = [walker for walker in left if walker.run_id not in met]
    return {walker.run_id: Asked(way=ways.get(walker.run_id, ELSE)) for walker in group}


def _ask_random(facts: Facts, node: RandomShare, group: Sequence[Walker], now: datetime) -> Answers:
    """Draw by the event that began the run: runs that are not there have no number."""
    del facts, now
    answers = {}
    for walker in group:
        parts = (walker.flow_id, node.id, walker.trigger_event_id, walker.visit)
        way = pick_way(node.branches, draw_bucket("share", current_tenant_id(), *parts))
        answers[walker.run_id] = Asked(way=f"{WAY}{way.name}")
    return answers


def _ask_ab(facts: Facts, node: ABSplit, group: Sequence[Walker], now: datetime) -> Answers:
    del now
    known = {word for word, _ in node.ways}
    answers = {}
    for walker in group:
        way = facts.way_before(node, walker.profile_id)
        if way not in known:
            way = f"{WAY}{node.winner or draw_share(node, walker)}"
        answers[walker.run_id] = Asked(way=way)
    return answers


def _ask_channel(
    facts: Facts, node: ChannelChoice, group: Sequence[Walker], now: datetime
) -> Answers:
    del now
    able, last = facts.channels_of(node)
    channels = [way.channel for way in node.branches]
    answers = {}
    for walker in group:
        possible = able.get(walker.profile_id, frozenset())
        ranked = sorted(channels, key=lambda each: each != last.get(walker.profile_id))
        channel = next((each for each in ranked if each in possible), "")
        answers[walker.run_id] = Asked(way=f"{WAY}{channel}" if channel else ELSE)
    return answers


_WAITS: Final = frozenset({DateWait, EventWait, StockWait})
_ASKERS: Final[dict[type, Callable[[Facts, Any, Sequence[Walker], datetime], Answers]]] = {
    DateWait: _ask_date,
    EventWait: _ask_event,
    StockWait: _ask_stock,
    TaskWait: _ask_task,
    Branches: _ask_branches,
    RandomShare: _ask_random,
    ABSplit: _ask_ab,
    ChannelChoice: _ask_channel,
}
