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
        holdout: share of the flow that is held out, in hundredths of a percent.
        is_of_nothing: held out of all flows and campaigns.
    """

    flow_id: int
    version_id: int
    ref: EventRef
    profile_id: int
    is_erased: bool = False
    properties: Mapping[str, Any] = field(default_factory=dict)
    run_key: str = ""
    reason: str = ""
    holdout: int = 0
    is_of_nothing: bool = False


@dataclass(frozen=True, slots=True)
class LiveFlow:
    """A flow that takes people in, with the version that they get."""

    flow_id: int
    version_id: int
    holdout: int


@dataclass(frozen=True, slots=True)
class Subject:
    """A run of which a condition is asked; ``told`` is what the event says that started it."""

    run_id: int
    profile_id: int
    told: Mapping[str, Any]


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


@dataclass(frozen=True, slots=True)
class Standing:
    """How many stand at a node of a version, on their way or failed."""

    version_id: int
    node: str
    people: int


@dataclass(frozen=True, slots=True)
class Moving:
    """What becomes of those who stand at a node.

    Attributes:
        title: of the node where they stand, in words.
        outcome: ``moved``, ``falls`` or ``exits`` (`flows.domain.moving`).
        target: the node where they stand then; empty for who exits.
    """

    node: str
    title: str
    people: int
    outcome: str
    target: str
    target_title: str


@dataclass(frozen=True, slots=True)
class MovePreview:
    """What moving everybody who is on their way to a new definition would mean, by node."""

    nodes: tuple[Moving, ...]

    def count(self, outcome: str) -> int:
        """Return how many people an outcome has."""
        return sum(each.people for each in self.nodes if each.outcome == outcome)


@dataclass(frozen=True, slots=True)
class SoldProduct:
    """A product that can be bought, as its shop knows it.

    Attributes:
        product: its id at the shop.
        category: of the shop, or given by hand; empty without one.
    """

    store_id: int
    product: str
    title: str
    category: str
    url: str
    image_url: str


@dataclass(frozen=True, slots=True)
class ShownVariant:
    """A variant as its shop knows it.

    Attributes:
        product_id: of Patron.
        product, external_id: ids of product and variant at the shop.
        title: of the product.
    """

    product_id: int
    store_id: int
    product: str
    external_id: str
    sku: str
    title: str


@dataclass(frozen=True, slots=True)
class NewReview:
    """A message that waits until a member has looked at it."""

    run_id: int
    flow_id: int
    profile_id: int
    node_id: str
    visit: int
    coupon_id: int | None
