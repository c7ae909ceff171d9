"""A site or app of the tests: calls the tracking API as client libraries do."""

import base64
import json
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.test import Client

from crm.models import Event, Identity, Profile, ProfileFacts
from kernel.batches import Deadline
from stores.models import InboxDelivery


@dataclass
class FakeSite:
    """One write key and a browser."""

    key: str
    client: Client

    def post(self, call: str, body: Any, **headers: str) -> Any:
        """Post a body, bytes as they are, with Basic authentication unless told otherwise."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers.setdefault("Authorization", basic(self.key))
        content_type = headers.pop("content_type", "application/json")
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value}
        return self.client.post(f"/v1/{call}", raw, content_type=content_type, headers=sent)

    def batch(self, *items: Any, **envelope: Any) -> Any:
        """Post a batch."""
        return self.post("batch", {"batch": list(items), **envelope})

    def drain(self) -> int:
        """Work off the inbox of the open scope."""
        from stores.services.inbox import drain_inbox  # noqa: PLC0415

        return drain_inbox(Deadline(seconds=None))

    @transaction.atomic
    def filed(self) -> list[InboxDelivery]:
        """Return what lies in the inbox."""
        return list(InboxDelivery.objects.order_by("pk"))


def basic(key: str) -> str:
    """Return the header of Basic authentication as the libraries send it."""
    return "Basic " + base64.b64encode(f"{key}:".encode()).decode()


def send(site: FakeSite, *items: dict[str, Any], **envelope: Any) -> None:
    """Post a batch that must be taken, and work it off."""
    assert site.batch(*items, **envelope).status_code == 200
    site.drain()


def track(event: str = "Product Viewed", **fields: Any) -> dict[str, Any]:
    """Return a track call."""
    return {"type": "track", "event": event, **fields}


def identify(user_id: str = "", **fields: Any) -> dict[str, Any]:
    """Return an identify call; what is not of the envelope is a trait."""
    traits = {name: fields.pop(name) for name in list(fields) if name not in ENVELOPE}
    return {"type": "identify", "userId": user_id or None, "traits": traits, **fields}


ENVELOPE = ("anonymousId", "messageId", "timestamp", "context", "sentAt")


@transaction.atomic
def profiles() -> list[Profile]:
    """Return the profiles that are left, oldest first."""
    return list(Profile.objects.filter(merged_into=None).order_by("pk"))


@transaction.atomic
def events(*, of: Profile | None = None, known: bool = True) -> list[str]:
    """Return the names of tracked events, oldest first."""
    found = Event.objects.filter(source="tracking").order_by("pk")
    if of is not None:
        found = found.filter(profile_id=of.pk)
    if known:
        found = found.exclude(name__in=["Profile Created", "Profile Updated", "Profile Merged"])
    return list(found.values_list("name", flat=True))


@transaction.atomic
def identities(profile: Profile) -> set[tuple[str, str]]:
    """Return kind and value of a profile's identifiers, without their store."""
    found = Identity.objects.filter(profile=profile).values_list("kind", "value_norm")
    return {(kind, value.rpartition(":")[2]) for kind, value in found}


@transaction.atomic
def touches() -> list[tuple[str, str]]:
    """Return source and campaign of the first and last touch of whoever has some."""
    [facts] = ProfileFacts.objects.exclude(first_touch=None)
    found = [facts.first_touch or {}, facts.last_touch or {}]
    return [(touch["source"], touch["campaign"]) for touch in found]


@transaction.atomic
def outcomes(site: FakeSite) -> list[tuple[str, str]]:
    """Return status and reason of each delivery."""
    return [(row.status, row.reason) for row in site.filed()]


@transaction.atomic
def story() -> dict[str, list[str]]:
    """Return the events of each profile that is left, by its e-mail address."""
    people = Profile.objects.filter(merged_into=None)
    found = Event.objects.filter(source="tracking").exclude(name__startswith="Profile")
    return {
        person.email: sorted(found.filter(profile_id=person.pk).values_list("name", flat=True))
        for person in people
    }
