"""What a backtest found, added up; kept as JSON between the batches of its job."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from flows.choices import RunStatus
from flows.services.dry.passage import Passage

PASSED = "due"
"""Messages that no gate is known to have stopped."""


@dataclass(slots=True)
class Tally:
    """Sums over everybody.

    Attributes:
        people: who tried to enter.
        lost: people who could not be replayed, as too much hangs on each other; counted nowhere.
        refused: attempts that began no run, by reason.
        ends: runs that are over, by reason; empty for the end of the flow.
        running: runs that are still on their way at the end.
        goals: runs that reached the goal.
        messages: how many by node, then by day, then by ``due`` or the reason not to send.
        steps: visits by node.
        really_sent: messages that the flow itself sent these people in the time.
        overlap: of these, how many the replay would have sent too, by person and message.
    """

    people: int = 0
    lost: int = 0
    entered: int = 0
    goals: int = 0
    running: int = 0
    failed: int = 0
    really_sent: int = 0
    overlap: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    messages: dict[str, dict[str, Counter[str]]] = field(default_factory=dict)

    def add(
        self,
        passages: Sequence[Passage],
        stopped: Mapping[str, str],
        zone: ZoneInfo,
        later: Mapping[str, datetime] = MappingProxyType({}),
    ) -> None:
        """Add what became of some people.

        Args:
            passages: theirs.
            stopped: why messages would not have left, by key.
            zone: the tenant's, which says what a day is.
            later: when messages would have left that a limit let wait, by key.
        """
        for passage in passages:
            self.people += bool(passage.entries)
            self.entered += len(passage.runs)
            self._count_ends(passage)
        self.refused.update(
            each.reason for passage in passages for each in passage.entries if each.reason
        )
        passed = Counter(steps for passage in passages for _, steps, _ in passage.passed)
        sent = Counter(
            (
                each.node_id,
                later.get(each.key, each.due_at).astimezone(zone).date(),
                stopped.get(each.key, PASSED),
            )
            for passage in passages
            for each in passage.messages
        )
        for steps, number in passed.items():
            for node, _, _ in steps:
                self.steps[node] += number
        for (node, day, outcome), number in sent.items():
            days = self.messages.setdefault(node, {})
            days.setdefault(day.isoformat(), Counter())[outcome] += number

    def _count_ends(self, passage: Passage) -> None:
        for run in passage.runs:
            if run.status == RunStatus.ACTIVE:
                self.running += 1
            elif run.status == RunStatus.FAILED:
                self.failed += 1
            else:
                self.goals += run.reason.startswith("goal: ")
                self.ends[run.reason] += 1

    def compare(
        self,
        passages: Iterable[Passage],
        stopped: Mapping[str, str],
        sent: Mapping[tuple[int, str], int],
    ) -> None:
        """Add how far the messages of some people agree with what they were really sent.

        Args:
            passages: theirs.
            stopped: why messages would not have left, by key.
            sent: how many really left, by person and node.
        """
        if not sent:
            return
        due = Counter(
            (message.profile_id, message.node_id)
            for passage in passages
            for message in passage.messages
            if message.key not in stopped and (message.profile_id, message.node_id) in sent
        )
        self.really_sent += sum(sent.values())
        self.overlap += sum(min(number, due[key]) for key, number in sent.items())

    @property
    def due(self) -> int:
        """How many messages would have left."""
        days = (day for by_day in self.messages.values() for day in by_day.values())
        return sum(day[PASSED] for day in days)

    def dump(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {
            "people": self.people,
            "lost": self.lost,
            "entered": self.entered,
            "goals": self.goals,
            "running": self.running,
            "failed": self.failed,
            "really_sent": self.really_sent,
            "overlap": self.overlap,
            "refused": dict(self.refused),
            "ends": dict(self.ends),
            "steps": dict(self.steps),
            "messages": self.messages,
        }

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> "Tally":
        """Return it from JSON."""
        return cls(
            people=kept["people"],
            lost=kept.get("lost", 0),
            entered=kept["entered"],
            goals=kept["goals"],
            running=kept["running"],
            failed=kept["failed"],
            really_sent=kept["really_sent"],
            overlap=kept["overlap"],
            refused=Counter(kept["refused"]),
            ends=Counter(kept["ends"]),
            steps=Counter(kept["steps"]),
            messages={
                node: {day: Counter(outcomes) for day, outcomes in days.items()}
                for node, days in kept["messages"].items()
            },
        )
