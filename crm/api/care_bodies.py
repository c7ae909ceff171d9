"""What callers send of shipments, returns, reviews and tickets, and the records it becomes."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

from crm.api.bodies import CustomerIn, Text, build_customer
from crm.choices import ReturnStatus, ReviewStatus, Satisfaction, ShipmentState, TicketStatus
from crm.types import CustomerRecord, ShipmentRecord
from crm.types.care import ReturnRecord, ReviewRecord, TicketRecord
from kernel import clock
from tenants.api.fields import Moment

_ORDER_HELP = "The store's id of the order, or its number where only one order has it."


def _time(**kwargs: Any) -> Moment:
    return Moment(required=False, allow_null=True, **kwargs)


class ShipmentIn(serializers.Serializer[Any]):
    """A parcel, or news of one; what is left out stays as it is."""

    external_id = serializers.CharField(max_length=200)
    order_external_id = Text(200, help_text=_ORDER_HELP)
    status = serializers.ChoiceField(choices=ShipmentState.choices, required=False)
    carrier = Text(200)
    tracking_number = Text(200)
    tracking_url = Text(2000)
    shipped_at = _time()
    promised_at = _time(help_text="Until when it was promised; late from then on.")
    delivered_at = _time()
    is_delayed = serializers.BooleanField(
        required=False, help_text="The carrier says that it is late."
    )
    updated_at = _time()


class ReturnItemIn(serializers.Serializer[Any]):
    """One line that goes back."""

    line_key = Text(200)
    sku = Text(200)
    title = Text()
    quantity = serializers.IntegerField(min_value=1, max_value=1_000_000, required=False)
    reason = Text()


class ReturnIn(serializers.Serializer[Any]):
    """Goods that go back, or news of it; what is left out stays as it is."""

    external_id = serializers.CharField(max_length=200)
    number = Text(200)
    order_external_id = Text(200, help_text=_ORDER_HELP)
    profile = CustomerIn(required=False)
    status = serializers.ChoiceField(choices=ReturnStatus.choices, required=False)
    requested_at = _time()
    closed_at = _time()
    reason = Text()
    note = Text(5000)
    items = ReturnItemIn(many=True, required=False)
    url = Text(2000)
    label_url = Text(2000, help_text="Where the customer prints the label for the parcel.")
    updated_at = _time()


class ReviewIn(serializers.Serializer[Any]):
    """A review, or news of one, such as that it was answered."""

    external_id = serializers.CharField(max_length=200)
    profile = CustomerIn(required=False)
    product_external_id = Text(200)
    order_external_id = Text(200, help_text=_ORDER_HELP)
    rating = serializers.IntegerField(
        min_value=1, max_value=5, required=False, help_text="Stars; needed the first time."
    )
    title = Text()
    body = Text(20_000)
    author = Text()
    status = serializers.ChoiceField(choices=ReviewStatus.choices, required=False)
    is_verified = serializers.BooleanField(required=False, allow_null=True)
    reviewed_at = _time()
    answered_at = _time(help_text="When you answered it; a negative one is settled then.")
    url = Text(2000)
    updated_at = _time()


class TicketIn(serializers.Serializer[Any]):
    """A ticket, or news of one; what is left out stays as it is."""

    external_id = serializers.CharField(max_length=200)
    profile = CustomerIn(required=False)
    order_external_id = Text(200, help_text=_ORDER_HELP)
    subject = Text()
    status = serializers.ChoiceField(choices=TicketStatus.choices, required=False)
    channel = Text(50)
    priority = Text(50)
    tags = serializers.ListField(
        child=serializers.CharField(max_length=100), max_length=100, required=False
    )
    satisfaction = serializers.ChoiceField(choices=Satisfaction.choices, required=False)
    opened_at = _time()
    answered_at = _time()
    resolved_at = _time()
    url = Text(2000)
    updated_at = _time()


def build_shipment(body: Mapping[str, Any]) -> ShipmentRecord:
    """Return the record of a valid `ShipmentIn`."""
    return ShipmentRecord(**_said(body, with_person=False))


def build_return(body: Mapping[str, Any]) -> ReturnRecord:
    """Return the record of a valid `ReturnIn`."""
    return ReturnRecord(**_said(body))


def build_review(body: Mapping[str, Any]) -> ReviewRecord:
    """Return the record of a valid `ReviewIn`."""
    return ReviewRecord(**_said(body))


def build_ticket(body: Mapping[str, Any]) -> TicketRecord:
    """Return the record of a valid `TicketIn`."""
    return TicketRecord(**_said(body))


def _said(body: Mapping[str, Any], *, with_person: bool = True) -> dict[str, Any]:
    """Return what a body says under the names of its record."""
    left_out = {"profile", "updated_at", "store_id"}
    said = {
        name: value.strip() if isinstance(value, str) else value
        for name, value in body.items()
        if name not in left_out
    }
    said["version_at"] = body.get("updated_at") or clock.now()
    if with_person:
        said["customer"] = _person(body)
    return said


def _person(body: Mapping[str, Any]) -> CustomerRecord | None:
    profile = body.get("profile")
    return None if profile is None else build_customer(profile)
