"""Values that the parts of flows hand to each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from crm.types import EventRef


@dataclass(slots=True)
class Attempt:
    """One event knocking at one flow.

    Attributes:
        run_key: by re-entry policy; set by the frequency stage.
        reason: a `Refusal` word once a stage refused it; empty: still in.
    """

    flow_id: int
    version_id: int
    ref: EventRef
    profile_id: int
    is_erased: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    run_key: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """A run of which a condition is asked."""

    run_id: int
    profile_id: int


@dataclass(frozen=True, slots=True)
class TemplateRef:
    """The template that a message node names."""

    id: int
    message_class: str
    channel: str


@dataclass(frozen=True, slots=True)
class Happened:
    """An event of a profile; properties are read only where they are asked for."""

    id: int
    name: str
    occurred_at: datetime
    properties: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LiveRun:
    """An active run, as an exit looks at it."""

    id: int
    version_id: int
    profile_id: int
    trigger_event_id: int | None
    trigger_at: datetime | None
    trigger: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NodeCounts:
    """What happened at one node of a flow, over all runs of one version.

    Attributes:
        waiting: runs that stand here now.
        passed: visits that went on.
        results: visits by result, such as ``yes`` and ``no``.
        messages: messages of this node by status.
    """

    waiting: int = 0
    failed: int = 0
    passed: int = 0
    results: Mapping[str, int] = field(default_factory=dict)
    messages: Mapping[str, int] = field(default_factory=dict)
