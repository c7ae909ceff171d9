"""What every platform module offers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from kernel.http import Client
from stores.types import (
    AuditPage,
    Delivery,
    DeliveryHead,
    Fetched,
    MissingTopic,
    Pulled,
    PulledPage,
    PullPlan,
    StoreAccess,
    StoreContext,
    Translation,
)


class Platform(Protocol):
    """One kind of storefront: how it signs, names and words its deliveries."""

    def read_head(self, headers: Mapping[str, str], body: bytes, /) -> DeliveryHead:
        """Read the headers of a request, and of the body what they lack; never fails."""

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        """Say, in constant time, whether the body was signed with a secret."""

    def make_secret(self) -> str:
        """Return a new signing secret, in the form that the storefront is given it."""

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Turn a delivery into records.

        Raises:
            Untranslatable: it cannot be read; the reason is for people.
        """


class Puller(Protocol):
    """How one kind of storefront is asked for what it knows.

    A cursor is a small JSON object of the platform's own. It is kept together with what the page
    brought, so a pull goes on where its last page ended, whoever was killed meanwhile. A page may
    be fetched twice: what it brings is applied once.

    All of it raises:
        PullRefused: a person must change something first.
        PullBusy: the platform asks for patience.
        PullUnavailable, HttpUnavailable: it does not answer now.
    """

    def check(self, access: StoreAccess, client: Client, /) -> str:
        """Ask for the least there is; returns what the credential can do, for people."""

    def start(self, access: StoreAccess, client: Client, since: datetime | None, /) -> PullPlan:
        """Find out how much is to come. ``since`` None: everything."""

    def fetch(
        self, access: StoreAccess, client: Client, cursor: Mapping[str, Any], /
    ) -> PulledPage:
        """Fetch the page that a cursor stands for."""


class Auditor(Protocol):
    """How a storefront is asked which orders it has, so that they are compared with ours.

    An optional part of a platform that is pulled. It sees what nothing else does: an order that
    was deleted for good sends no webhook, and no pull meets it. All of it raises as a `Puller`.
    """

    def list_orders(
        self,
        access: StoreAccess,
        client: Client,
        span: tuple[datetime, datetime],
        cursor: Mapping[str, Any],
        /,
    ) -> AuditPage:
        """Return orders placed from the beginning of a span to before its end.

        Args:
            access: how the store is asked.
            client: of this turn.
            span: aware.
            cursor: of the page before; empty for the first page.
        """

    def fetch_orders(
        self, access: StoreAccess, client: Client, external_ids: Sequence[str], /
    ) -> Sequence[Pulled]:
        """Fetch orders as a pull brings them; those that the platform no longer has are left out.

        Args:
            access: how the store is asked.
            client: of this turn.
            external_ids: at most 10, digits alone.
        """

    def tell_deleted(self, external_id: str, /) -> Pulled:
        """Return what the platform would have sent had it told that an order was deleted."""


class Fetcher(Protocol):
    """How a storefront whose webhooks name things is asked for the things themselves."""

    def name(self, delivery: Delivery, /) -> str:
        """Return what a delivery is about, such as ``order:15``; empty: nothing is to be asked.

        Deliveries of one name are about one thing, which is asked for once. Never fails.
        """

    def fetch(
        self, access: StoreAccess, client: Client, deliveries: Sequence[Delivery], /
    ) -> Fetched:
        """Ask for everything that deliveries are about; what goes wrong is in the answer."""


class Registrar(Protocol):
    """How a storefront is told where to post its webhooks."""

    def register(self, access: StoreAccess, client: Client, /) -> str:
        """Make every webhook there must be; a repeat changes nothing.

        Returns:
            What was done, for people.

        Raises:
            PullRefused, PullBusy, PullUnavailable, HttpUnavailable: as of a `Puller`.
        """


class Keeper(Protocol):
    """How a storefront's webhooks are looked after; raises what a `Puller` does."""

    @property
    def topics(self) -> Sequence[str]:
        """What is registered."""

    def is_wanted(self, credentials: Mapping[str, str], /) -> bool:
        """Say whether what a merchant entered is meant to have webhooks registered."""

    def signs_with(self, credentials: Mapping[str, str], /) -> str:
        """Return what it signs the webhooks with that it was told of; empty: as any other."""

    def keep(self, access: StoreAccess, client: Client, /) -> Sequence[MissingTopic]:
        """Have every topic that is read sent here; what is sent already stays.

        Returns:
            Topics that the platform does not take.
        """

    def unregister(self, access: StoreAccess, client: Client, /) -> int:
        """Have nothing sent here any more; returns how many topics were."""
