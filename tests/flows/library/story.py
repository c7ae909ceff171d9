"""A flow of the library lived through from outside: installed, switched on, told of, and watched.

All goes through HTTP: the flow is installed and published as a member does it, shoppers are told of
as a shop's own program does it, mails are opened by their pixel. Time stands still and is moved
from one moment at which something is due to the next.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count, cycle
from typing import Any, Final

import time_machine
from django.db.models import Model
from django.test import Client
from django.utils.module_loading import import_string

from crm.models import Cart
from flows.models import ABTest, AccessList, FlowRun
from kernel import clock
from kernel.batches import Deadline
from kernel.work import work_kinds
from loyalty.models import PointsAccount
from messaging.channels.base import Handed
from messaging.models import Message
from segments.models import Membership, Upkeep
from tests.support.told import BROWSER

SLUG: Final = "ada-soap"
KINDS: Final = (
    "reactions",
    "segments",
    "points",
    "tiers",
    "goods",
    "parcels",
    "carts",
    "dates",
    "access",
    "wanted",
    "flows",
    "ab_tests",
    "messages",
    "coupons",
)
"""Work that a story does, in its order; stores are no part of it."""
DUE: Final[tuple[tuple[type[Model], str, dict[str, Any]], ...]] = (
    (FlowRun, "wake_at", {"status": "active"}),
    (Cart, "idle_at", {"status": "open"}),
    (Message, "due_at", {"status": "pending"}),
    (Membership, "reeval_at", {}),
    (Upkeep, "due_at", {}),
    (PointsAccount, "due_at", {}),
    (PointsAccount, "tier_due_at", {}),
    (ABTest, "due_at", {}),
    (AccessList, "due_at", {}),
)
"""Where it is written when something is due next; dates come only at the moments asked for."""
_PIXEL = re.compile(r"(/o/[^\"']+\.gif)")
Line = tuple[str, str, str]


@dataclass
class Outbox:
    """Takes the place of every provider, and keeps what it was handed."""

    sent: list[Any] = field(default_factory=list)

    def send(self, message: Any) -> Handed:
        """Take a message."""
        self.sent.append(message)
        return Handed(provider_id=f"out-{len(self.sent)}")


@dataclass
class Story:
    """A shop, its visitors, and the flows of its library.

    Attributes:
        member: a client that is signed in as the owner.
        api: a client that shows a key which may do everything.
        travel: of the clock, which stands still.
    """

    member: Client
    api: Client
    travel: time_machine.Traveller
    outbox: Outbox
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))
    _is_behind: bool = False
    """Whether people or history were told that nothing has reacted to yet."""

    def install(self, key: str, *, is_on: bool = True) -> int:
        """Install a flow of the library, publish it and switch it on; returns its id.

        Nobody is held out, so that a story says what everybody gets.
        """
        self._catch_up()
        answer = self.member.post(f"/t/{SLUG}/flows/library/install/", {"key": key})
        assert answer.status_code == 302, answer.content.decode()
        flow_id = int(re.findall(r"/flows/(\d+)/", answer.headers["Location"])[0])
        state = self.api.get(f"/api/v1/flows/{flow_id}/").json()
        assert state["status"] == "draft", state
        self.member.post(f"/t/{SLUG}/flows/{flow_id}/state/", {"holdout": "0"})
        if is_on:
            self.publish(flow_id)
        return flow_id

    def publish(self, flow_id: int) -> None:
        """Publish the draft of a flow and switch it on."""
        self._catch_up()
        said = self.member.post(
            f"/t/{SLUG}/flows/{flow_id}/publish/", {"on": "1"}, headers={"If-Match": "*"}
        )
        assert said.status_code == 200, said.content.decode()

    def switch_on(self, flow_id: int, node: str) -> None:
        """Switch a message of a flow on and publish it; who is inside stays as they are."""
        self._catch_up()
        address = f"/api/v1/flows/{flow_id}/"
        newest = self.api.get(f"{address}versions/").json()["results"][0]
        newest["graph"]["nodes"][node]["state"] = "live"
        said = self.api.post(
            f"{address}publish/", {"graph": newest["graph"]}, content_type="application/json"
        )
        assert said.status_code == 200, said.content.decode()

    def switch_off(self, key: str) -> None:
        """Switch a flow off."""
        self._catch_up()
        [flow] = self.api.get(f"/api/v1/flows/?key={key}").json()["results"]
        self.member.post(f"/t/{SLUG}/flows/{flow['id']}/state/", {"state": "disabled"})

    def person(self, name: str, **fields: Any) -> None:
        """Tell of somebody; they said yes to e-mail unless ``email_consent`` says otherwise.

        All react together with what is told next, or before time goes on.
        """
        said = {"email_consent": "subscribed", "first_name": name.title(), **fields}
        self._post("profiles", **self.who(name), **said)
        self._is_behind = True

    def event(self, event: str, person: str, **properties: Any) -> None:
        """Tell of an event that happens now; with ``at=`` some time ago."""
        at = properties.pop("at", None) or clock.now()
        self.call(
            "events",
            {
                "name": event,
                "profile": self.who(person),
                "occurred_at": at.isoformat(),
                "properties": properties,
            },
        )

    def order(self, person: str, total: str = "40.00", **fields: Any) -> str:
        """Tell of an order that is placed now; returns its id at the shop.

        Of history all react together, as with `person`.

        Args:
            person: who buys.
            total: in pounds.
            fields: ``lines``, ``at``, ``backfill``, and what `OrderIn` takes.
        """
        at = fields.pop("at", None) or clock.now()
        is_history = fields.pop("backfill", False)
        external_id = fields.pop("external_id", None) or f"o-{next(iter(self._numbers))}"
        lines = fields.pop("lines", None) or [
            {"line_key": "1", "title": "Lemon soap", "sku": "SOAP-1", "quantity": 1}
        ]
        self.call(
            "orders",
            {
                "external_id": external_id,
                "number": f"#{external_id}",
                "ordered_at": at.isoformat(),
                "currency": "GBP",
                "total": total,
                "profile": self.who(person),
                "lines": [{"unit_price": total, **line} for line in lines],
                **fields,
            },
            backfill=is_history,
        )
        return external_id

    def add_to_cart(self, person: str, sku: str = "SOAP-1", **fields: Any) -> None:
        """Tell that something was put into a cart."""
        said = {
            "name": "Lemon soap",
            "sku": sku,
            "price": "20.00",
            "currency": "GBP",
            "quantity": 1,
        }
        self.event("Product Added", person, **{**said, **fields})

    def tell(self, resource: str, **item: Any) -> None:
        """Post one thing, such as a parcel; then all react."""
        self._post(resource, **item)
        self.settle()

    def call(self, resource: str, *items: dict[str, Any], **more: Any) -> None:
        """Post items to a bulk address of the API, all of which must be taken; then all react.

        With ``backfill`` they are history.
        """
        answer = self.api.post(
            f"/api/v1/{resource}/bulk/",
            {"items": list(items), **more},
            content_type="application/json",
        )
        assert answer.status_code == 200, answer.content.decode()
        wrong = [one for one in answer.json()["results"] if one["status"] == "rejected"]
        assert wrong == []
        self._is_behind = bool(more.get("backfill"))
        if not self._is_behind:
            self.settle()

    def open(self, person: str, template: str) -> None:
        """Open the last mail of a template that somebody got."""
        self._catch_up()
        message = Message.objects.filter(
            profile__email=self.who(person)["email"], template__key=template, status="sent"
        ).latest("sent_at")
        [mail] = [each for each in self.outbox.sent if _id_of(each) == message.message_id]
        [pixel] = _PIXEL.findall(mail.content.html)
        self.travel.shift(timedelta(minutes=5))
        answer = Client().get(pixel, headers={"user-agent": BROWSER})
        assert answer.status_code == 200
        self.settle()

    def live(self, *, stops: Iterable[datetime] = (), **length: float) -> list[Line]:
        """Let time pass, and return what was sent meanwhile.

        Args:
            stops: moments at which it stands still as well, such as when dates are looked at.
            length: of the time, as of `timedelta`: ``days=3``, ``hours=1``.

        Returns:
            When each message left (UTC, ``06-01 13:00``), to whom, and of which template; in order.
        """
        start = clock.now()
        end = start + timedelta(**length)
        extra = sorted(at for at in stops if start < at <= end)
        self.settle()
        due = _next_due()
        while due is not None or extra:
            moment = min([*([due] if due else []), *extra[:1]])
            if moment > end:
                break
            extra = [at for at in extra if at > moment]
            self.travel.move_to(max(moment, clock.now()))
            self.settle()
            due = _next_due()
            assert due is None or due > clock.now(), f"something is due for ever: {due}"
        self.travel.move_to(end)
        self.settle()
        return self.sent(since=start)

    def skip(self, **length: float) -> None:
        """Let time pass in one step, where nothing but the count of days changes.

        What was due in between would leave late, so that its time would tell.
        """
        self._catch_up()
        self.travel.shift(timedelta(**length))
        self.settle()

    def sent(self, *, since: datetime | None = None) -> list[Line]:
        """Return what was sent so far, in the order in which it left."""
        self._catch_up()
        rows = Message.objects.filter(status="sent").order_by("sent_at", "pk")
        if since is not None:
            rows = rows.filter(sent_at__gte=since)
        told = rows.values_list("sent_at", "profile__email", "template__key")
        return [
            (f"{at.astimezone(UTC):%m-%d %H:%M}", str(email).partition("@")[0], str(key))
            for at, email, key in told
            if at is not None
        ]

    def skipped(self) -> list[tuple[str, str, str]]:
        """Return person, template and reason of what was not sent."""
        self._catch_up()
        rows = Message.objects.filter(status="skipped").order_by("pk")
        told = rows.values_list("profile__email", "template__key", "reason")
        return [(str(email).partition("@")[0], str(key), str(why)) for email, key, why in told]

    def settle(self) -> None:
        """Work off all that is due now, until no kind of work has any, one after the other."""
        self._is_behind = False
        services = [import_string(work_kinds()[kind].service) for kind in KINDS]
        idle = 0
        for service in cycle(services):
            idle = 0 if service(Deadline(seconds=None)) else idle + 1
            if idle == len(services):
                break

    def _catch_up(self) -> None:
        if self._is_behind:
            self.settle()

    def _post(self, resource: str, **item: Any) -> None:
        answer = self.api.post(f"/api/v1/{resource}/", item, content_type="application/json")
        assert answer.status_code in (200, 201), answer.content.decode()

    @staticmethod
    def who(name: str) -> dict[str, str]:
        """Return by what somebody is known."""
        return {"email": f"{name}@example.com"}


def _next_due() -> datetime | None:
    """Return the first moment at which something is due, asked in one statement."""
    first, *others = [
        model._default_manager.filter(**only, **{f"{name}__isnull": False})
        .order_by(name)
        .values_list(name, flat=True)[:1]
        for model, name, only in DUE
    ]
    return min(first.union(*others, all=True), default=None)


def _id_of(mail: Any) -> str:
    return str(getattr(mail, "message_id", ""))


def look_at_dates(first: datetime, days: int) -> list[datetime]:
    """Return the full hours of some days, for stories in which dates come round."""
    return [first + timedelta(hours=hour) for hour in range(1, 24 * days + 1)]
