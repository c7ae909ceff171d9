"""Which type is read by what: ``{"type": "order.upserted", "timestamp": "…", "data": {…}}``.

``data`` is what the REST API takes for the same thing, so one description serves both.
"""

import re
import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from crm.api.bodies import (
    CustomerIn,
    OrderIn,
    ProductIn,
    RefundIn,
    build_customer,
    build_order,
    build_product,
    build_refund,
)
from crm.api.care_bodies import (
    ReturnIn,
    ReviewIn,
    ShipmentIn,
    TicketIn,
    build_return,
    build_review,
    build_shipment,
    build_ticket,
)
from crm.types import Record
from kernel.errors import DomainError
from stores.errors import Untranslatable
from stores.platforms import standard_webhooks
from stores.platforms.fields import Json, instant, read_object, text
from stores.types import Delivery, DeliveryHead, StoreContext, Translation
from tenants.api.problems import flatten

SECRET_BYTES: Final = 32
VERBS: Final = ("upserted", "created", "updated")
KINDS: Final[dict[str, tuple[type[serializers.Serializer[Any]], Callable[[Any], Record]]]] = {
    "customer": (CustomerIn, build_customer),
    "order": (OrderIn, build_order),
    "refund": (RefundIn, build_refund),
    "product": (ProductIn, build_product),
    "shipment": (ShipmentIn, build_shipment),
    "return": (ReturnIn, build_return),
    "review": (ReviewIn, build_review),
    "ticket": (TicketIn, build_ticket),
}
TOPICS: Final = tuple(f"{kind}.upserted" for kind in KINDS)
_HEAD_BYTES: Final = 64 * 1024
_TYPE: Final = re.compile(rb'"type"\s*:\s*"([a-z._]{1,100})"')


class Custom:
    """The platform as the inbox sees it."""

    def read_head(self, found: Mapping[str, str], body: bytes) -> DeliveryHead:
        """Read the headers, and the first ``type`` of the body for the list of deliveries."""
        named = _TYPE.search(body, 0, _HEAD_BYTES)
        return standard_webhooks.read_head(found, named[1].decode() if named else "")

    def is_signed(self, secret: str, body: bytes, head: DeliveryHead) -> bool:
        return standard_webhooks.is_signed(standard_webhooks.keys_of(secret), body, head)

    def make_secret(self) -> str:
        return standard_webhooks.spell_secret(secrets.token_bytes(SECRET_BYTES))

    def translate(self, delivery: Delivery, store: StoreContext) -> Translation:
        """Read one delivery; what counts is the type that the envelope itself names.

        Raises:
            Untranslatable: the body cannot be read, or breaks a rule of the REST API.
        """
        envelope = read_object(delivery.body)
        topic = text(envelope, "type")
        kind, _, verb = topic.partition(".")
        if kind not in KINDS or verb not in VERBS:
            known = ", ".join(TOPICS)
            return Translation(ignored=f"Type {topic or '(none)'} is not known; write {known}")
        return Translation([_read(kind, envelope, delivery)])


def _read(kind: str, envelope: Json, delivery: Delivery) -> Record:
    data = _as_json(envelope.get("data"))
    if not isinstance(data, dict):
        raise Untranslatable("data is missing, or not a JSON object")
    shape, build = KINDS[kind]
    at = instant(envelope, "timestamp") or delivery.arrived_at
    body = shape(data={"updated_at": at.isoformat(), **data})
    try:
        body.is_valid(raise_exception=True)
        return build(body.validated_data)
    except ValidationError as exc:
        found = flatten(exc.detail)
        reason = "; ".join(f"{name}: {problem}" for name, problem in found.items())
        raise Untranslatable(reason) from exc
    except DomainError as exc:
        raise Untranslatable(exc.detail) from exc


def _as_json(value: Any) -> Any:
    """Return exact decimals as the numbers that the REST API reads."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dict):
        return {name: _as_json(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in value]
    return value
