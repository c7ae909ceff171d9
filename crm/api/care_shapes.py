"""What shipments, returns, reviews and tickets look like outside."""

from typing import Any

from rest_framework import serializers

from crm.choices import ReturnStatus, ReviewStatus, Satisfaction, ShipmentState, TicketStatus
from tenants.api.resources import IdField


class ShipmentOut(serializers.Serializer[Any]):
    """A parcel of an order.

    ``status`` is the word of the store or carrier, ``state`` what it means. ``delayed_at`` is when
    it was found to be late: the promised time had passed, or the carrier said so.
    """

    id = IdField()
    store_id = IdField()
    external_id = serializers.CharField()
    order_id = IdField()
    order_external_id = serializers.CharField()
    state = serializers.ChoiceField(choices=ShipmentState.choices, allow_blank=True)
    status = serializers.CharField()
    carrier = serializers.CharField()
    tracking_number = serializers.CharField()
    tracking_url = serializers.CharField()
    shipped_at = serializers.DateTimeField(allow_null=True)
    promised_at = serializers.DateTimeField(allow_null=True)
    delayed_at = serializers.DateTimeField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class CareOut(serializers.Serializer[Any]):
    """What returns, reviews and tickets share; ``url`` leads to it in the tool it comes from."""

    id = IdField()
    store_id = IdField()
    external_id = serializers.CharField()
    profile_id = IdField()
    order_id = IdField()
    order_external_id = serializers.CharField()
    url = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class ReturnOut(CareOut):
    """Goods that go back."""

    number = serializers.CharField()
    status = serializers.ChoiceField(choices=ReturnStatus.choices)
    requested_at = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()
    note = serializers.CharField()
    items = serializers.ListField(child=serializers.DictField())
    label_url = serializers.CharField()


class ReviewOut(CareOut):
    """What somebody says of a product, or of the shop where ``product_id`` is null."""

    product_id = IdField()
    product_external_id = serializers.CharField()
    rating = serializers.IntegerField(help_text="1 to 5 stars.")
    title = serializers.CharField()
    body = serializers.CharField()
    author = serializers.CharField()
    status = serializers.ChoiceField(choices=ReviewStatus.choices)
    is_verified = serializers.BooleanField(allow_null=True)
    is_consented = serializers.BooleanField(
        allow_null=True, help_text="Whether who wrote it on your rating page lets others read it."
    )
    reviewed_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)


class TicketOut(CareOut):
    """A question or complaint at the helpdesk."""

    subject = serializers.CharField()
    status = serializers.ChoiceField(choices=TicketStatus.choices)
    channel = serializers.CharField()
    priority = serializers.CharField()
    tags = serializers.ListField(child=serializers.CharField())
    satisfaction = serializers.ChoiceField(choices=Satisfaction.choices, allow_blank=True)
    opened_at = serializers.DateTimeField()
    answered_at = serializers.DateTimeField(allow_null=True)
    resolved_at = serializers.DateTimeField(allow_null=True)
