"""Values that pass between the webhook edge, the inbox and the platforms."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from crm.types import Record

LATE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class DeliveryHead:
    """What the headers of a webhook say; nothing of the body is read for it.

    Attributes:
        delivery_id: the platform's id, stable over its retries; empty when it sent none.
        signature: as sent.
        triggered_at: when the platform says it happened; None when it does not say.
        headers: what is kept for people, by lower-case name.
        salt: where there is no id: what tells two deliveries of equal bodies apart; empty means
            that they are one.
    """

    delivery_id: str
    topic: str
    signature: str
    triggered_at: datetime | None
    headers: Mapping[str, str]
    salt: str = ""


@dataclass(frozen=True, slots=True)
class StoreContext:
    """What a platform must know of the store to read a delivery."""

    store_id: int
    platform: str
    currency: str
    timezone: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """One waiting delivery, as a platform reads it."""

    id: int
    topic: str
    source: str
    headers: Mapping[str, Any]
    body: bytes
    triggered_at: datetime | None
    received_at: datetime
    payload: Mapping[str, Any] | None = None
    """The body, where it is parsed already."""

    @property
    def arrived_at(self) -> datetime:
        """When it happened as far as the headers know; arrival where they say nothing."""
        return self.triggered_at or self.received_at


@dataclass(frozen=True, slots=True)
class Translation:
    """What a delivery means: records, or the reason why it means nothing here."""

    records: Sequence[Record] = ()
    ignored: str = ""


@dataclass(frozen=True, slots=True)
class StoreAccess:
    """What a platform needs to be asked.

    Attributes:
        url: of the shop, without a slash at its end.
        credentials: of its API, in the clear.
        webhook_url: where it shall post to; empty while it is disconnected.
    """

    url: str
    credentials: Mapping[str, str]
    store: StoreContext
    webhook_url: str = ""


@dataclass(frozen=True, slots=True)
class Pulled:
    """One object of a platform, as it would have come by webhook.

    Attributes:
        name: what it is known by in its store, such as ``order:15``.
        body: JSON.
        payload: the same, where whoever fetched it has parsed it as `read_object` would.
    """

    name: str
    topic: str
    body: bytes
    payload: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PullPlan:
    """Where a pull begins, and how many objects are to come; None where nobody knows."""

    cursor: Mapping[str, Any]
    expected: int | None


@dataclass(frozen=True, slots=True)
class PulledPage:
    """One page.

    Attributes:
        objects: what was fetched, objects that hang on others included.
        read: how many of the expected ones it holds that no page before held.
        cursor: where to go on; None: that was all.
        rest_seconds: how long not to ask for the next one.
        resting: why, for people, without a full stop.
    """

    objects: Sequence[Pulled]
    read: int
    cursor: Mapping[str, Any] | None
    rest_seconds: float = 0.0
    resting: str = "The shop asks for patience"


@dataclass(slots=True)
class Fetched:
    """What came of asking a platform what deliveries are about.

    What is in none of the three was not asked for.

    Attributes:
        found: objects by the name that `Fetcher.name` gives them.
        refused: by name, why an object is not shown before a person changed something.
        failed: by name, why an object cannot be had now, while others can.
        stopped_by: why nothing more was asked; None when everything was.
        forged: by id of the delivery, why it is not believed, so that nothing was asked for it.
    """

    found: dict[str, Pulled] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)
    forged: dict[int, str] = field(default_factory=dict)
    stopped_by: Exception | None = None


class MissingTopic(NamedTuple):
    """A topic whose webhook could not be registered, and why; the reason is for people."""

    topic: str
    reason: str


@dataclass(frozen=True, slots=True)
class Registration:
    """What the platform of a store knows of where its webhooks go.

    Attributes:
        is_due: whether it is told soon.
        registered_at: when it was last seen to know; None where it was never told.
        detail: why it could not be told, for people, without a full stop.
        topics: how many it shall send.
        missing: those that it does not take.
    """

    is_due: bool
    registered_at: datetime | None
    detail: str
    topics: int
    missing: Sequence[MissingTopic]

    @property
    def taken(self) -> int:
        """How many topics it sends."""
        return self.topics - len(self.missing)


@dataclass(frozen=True, slots=True)
class OrderHead:
    """An order as a platform lists it, to be compared with ours.

    Attributes:
        total_minor: as we keep it.
        is_aside: it was put away there: where we have it, it is not gone; where we do not, it is
            not missed.
    """

    external_id: str
    ordered_at: datetime
    currency: str
    total_minor: int
    is_aside: bool = False


@dataclass(frozen=True, slots=True)
class AuditPage:
    """One page of a platform's orders of a span.

    Attributes:
        cursor: where to go on; None: that was all.
        rest_seconds: how long not to ask for the next one.
    """

    heads: Sequence[OrderHead]
    cursor: Mapping[str, Any] | None
    rest_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class EdgeConnection:
    """What the webhook edge needs of a store, with its secrets in the clear.

    Attributes:
        secrets: accepted signing secrets, the present one first.
    """

    tenant_id: int
    store_id: int
    platform: str
    secrets: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WriteKey:
    """A live write key: its tenant, and the store whose customers ``userId`` names."""

    tenant_id: int
    store_id: int


@dataclass(frozen=True, slots=True)
class ConnectedStore:
    """A store that was just connected; ``secret`` is shown this once."""

    store_id: int
    webhook_url: str
    secret: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What came of trying a credential; the text is for people."""

    is_good: bool
    text: str


@dataclass(frozen=True, slots=True)
class PullProgress:
    """How far the newest pull of a store is.

    Attributes:
        total: objects to come; None while nobody knows.
        left: how long it takes still, for people; empty where that cannot be said.
    """

    status: str
    detail: str
    done: int
    total: int | None
    written: int
    unchanged: int
    quarantined: int
    started_at: datetime | None
    finished_at: datetime | None
    is_open: bool
    left: str


class KnownShopper(NamedTuple):
    """A customer of a store."""

    external_id: str
    first_name: str
    last_name: str
    email: str
    country: str
    city: str


@dataclass(frozen=True, slots=True)
class StoreHealth:
    """One store as the page shows it.

    Attributes:
        webhook_url: empty for a store without webhooks, such as one that takes imports or that
            is no longer connected.
        has_connection: whether it has, or had, a webhook address and a secret.
        stock_told_at: when it last told how much is left of anything; None for never.
        waiting_since: arrival of the oldest waiting delivery; None when none waits.
        lag_seconds: its age.
        can_pull: whether it is connected and its platform can be asked for what it knows.
        can_compare: likewise, whether its orders are compared with the platform's.
        pull_status, pull_detail: of its newest pull; empty where there was none.
        fetch_detail: why what its webhooks name cannot be fetched; empty where it can.
        is_told_by_hand: whether people enter the webhook address in the shop.
        counts: deliveries by status.
    """

    id: int
    name: str
    platform: str
    url: str
    status: str
    currency: str
    timezone: str
    created_at: datetime
    webhook_url: str
    has_connection: bool
    platform_name: str
    last_event_at: datetime | None
    stock_told_at: datetime | None
    waiting_since: datetime | None
    lag_seconds: int
    counts: Mapping[str, int] = field(default_factory=dict)

    can_pull: bool = False
    can_compare: bool = False
    pull_status: str = ""
    pull_detail: str = ""
    fetch_detail: str = ""
    is_told_by_hand: bool = True

    @property
    def is_late(self) -> bool:
        """Whether deliveries wait for longer than a merchant should notice."""
        return self.lag_seconds > LATE_SECONDS
