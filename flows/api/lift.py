"""What flows and campaigns earned beyond what people buy anyway, as the REST API says it."""

from typing import Any

from rest_framework import serializers

from tenants.api.resources import MoneyField


class LiftOut(serializers.Serializer[Any]):
    """Revenue beyond that of people who were held out."""

    revenue = MoneyField("revenue_minor", in_tenants=True)
    low = MoneyField("low", in_tenants=True, help_text="Of the interval of 95 per cent.")
    high = MoneyField("high", in_tenants=True)
    is_known = serializers.BooleanField(help_text="The interval lies on one side of nothing.")
    missing = serializers.IntegerField(
        allow_null=True, help_text="People to be held out, about, until it is known."
    )
