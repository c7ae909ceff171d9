"""What a profile looks like outside. The values are built by `crm.queries.resources`."""

from typing import Any

from rest_framework import serializers

from crm.api.care_shapes import ReturnOut, ReviewOut, ShipmentOut, TicketOut
from crm.api.shapes import EventOut, OrderOut
from crm.choices import Channel, Direction, IdentityKind


class ConsentOut(serializers.Serializer[Any]):
    """Permission on one channel and since when."""

    state = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class ConsentsOut(serializers.Serializer[Any]):
    """Permission per channel."""

    email = ConsentOut()
    sms = ConsentOut()
    whatsapp = ConsentOut()
    push = ConsentOut()


class IdentityOut(serializers.Serializer[Any]):
    """An identifier that points at the profile."""

    kind = serializers.ChoiceField(choices=IdentityKind.choices)
    value = serializers.CharField()
    store_id = serializers.CharField(allow_null=True)


class RfmOut(serializers.Serializer[Any]):
    """Scores 1 to 5, 5 best; null for somebody who never bought."""

    recency = serializers.IntegerField(allow_null=True)
    frequency = serializers.IntegerField(allow_null=True)
    monetary = serializers.IntegerField(allow_null=True)
    group = serializers.CharField(allow_null=True)


class PredictedOut(serializers.Serializer[Any]):
    """What is expected of somebody; null until it is computed."""

    clv_12m = serializers.CharField(allow_null=True)
    orders_12m = serializers.FloatField(allow_null=True)
    churn_probability = serializers.FloatField(allow_null=True)
    next_order_on = serializers.DateField(allow_null=True)


class LoyaltyOut(serializers.Serializer[Any]):
    """Points of somebody."""

    balance = serializers.IntegerField()
    pending = serializers.IntegerField(help_text="Of the balance: cannot be used yet.")
    expiring = serializers.IntegerField(help_text="How many expire next.")
    expires_at = serializers.DateTimeField(allow_null=True, help_text="When they do.")
    tier = serializers.CharField(allow_null=True)


class OriginOut(serializers.Serializer[Any]):
    """Where a visit came from; unknown parts are empty, a visit that said nothing is ``direct``."""

    source = serializers.CharField()  # type: ignore[assignment] # the word of campaigns
    medium = serializers.CharField()
    campaign = serializers.CharField()
    content = serializers.CharField()
    term = serializers.CharField()
    landing_page = serializers.CharField()
    referrer = serializers.CharField()


class TouchOut(OriginOut):
    """A visit, to the second."""

    at = serializers.DateTimeField()


class TouchpointOut(OriginOut):
    """One of the visits that first and last touch are made of."""

    occurred_at = serializers.DateTimeField()


class FactsOut(serializers.Serializer[Any]):
    """Computed figures; money in the tenant's currency."""

    currency = serializers.CharField()
    order_count = serializers.IntegerField()
    gross_revenue = serializers.CharField()
    net_revenue = serializers.CharField()
    refunded = serializers.CharField()
    average_order_value = serializers.CharField(allow_null=True)
    first_order_at = serializers.DateTimeField(allow_null=True)
    last_order_at = serializers.DateTimeField(allow_null=True)
    days_between_orders = serializers.FloatField(allow_null=True)
    categories = serializers.ListField(child=serializers.CharField())
    rfm = RfmOut()
    predicted = PredictedOut()
    loyalty = LoyaltyOut()
    last_opened_at = serializers.DateTimeField(allow_null=True)
    last_clicked_at = serializers.DateTimeField(allow_null=True)
    last_seen_at = serializers.DateTimeField(allow_null=True)
    last_viewed_at = serializers.DateTimeField(allow_null=True)
    last_searched_at = serializers.DateTimeField(allow_null=True)
    last_carted_at = serializers.DateTimeField(allow_null=True)
    last_checkout_at = serializers.DateTimeField(allow_null=True)
    cart_at = serializers.DateTimeField(allow_null=True)
    cart_value = serializers.CharField(allow_null=True)
    first_touch = TouchOut(allow_null=True)
    last_touch = TouchOut(allow_null=True)


class ProfileOut(serializers.Serializer[Any]):
    """One resolved shopper."""

    id = serializers.CharField()
    email = serializers.CharField()
    phone = serializers.CharField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    locale = serializers.CharField()
    timezone = serializers.CharField()
    country = serializers.CharField()
    city = serializers.CharField()
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()
    erased_at = serializers.DateTimeField(allow_null=True)
    merged_into = serializers.CharField(allow_null=True)
    properties = serializers.DictField()
    tags = serializers.ListField(child=serializers.CharField())
    consent = ConsentsOut()
    identities = IdentityOut(many=True)
    facts = FactsOut()


class ConsentEventOut(serializers.Serializer[Any]):
    """One statement of permission with its proof."""

    channel = serializers.CharField()
    topic = serializers.CharField()
    state = serializers.CharField()
    method = serializers.CharField()
    detail = serializers.CharField()
    text_version = serializers.CharField()
    source_url = serializers.CharField()
    ip = serializers.CharField(allow_null=True)
    user_agent = serializers.CharField()
    occurred_at = serializers.DateTimeField(allow_null=True)
    recorded_at = serializers.DateTimeField()


class NoteOut(serializers.Serializer[Any]):
    """What a member wrote."""

    author = serializers.CharField()
    text = serializers.CharField()
    created_at = serializers.DateTimeField()
    edited_at = serializers.DateTimeField(allow_null=True)


class SaidOut(serializers.Serializer[Any]):
    """One message of a conversation."""

    channel = serializers.ChoiceField(choices=Channel.choices)
    direction = serializers.ChoiceField(choices=Direction.choices)
    at = serializers.DateTimeField()
    text = serializers.CharField()
    author = serializers.CharField()


class ProfileExport(serializers.Serializer[Any]):
    """Everything that is stored of one person."""

    profile = ProfileOut()
    orders = OrderOut(many=True)
    consents = ConsentEventOut(many=True)
    events = EventOut(many=True)
    notes = NoteOut(many=True)
    touches = TouchpointOut(many=True)
    shipments = ShipmentOut(many=True)
    returns = ReturnOut(many=True)
    reviews = ReviewOut(many=True)
    tickets = TicketOut(many=True)
    conversations = SaidOut(many=True)
