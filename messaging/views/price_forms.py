"""The form of what messages over an account cost."""

from typing import Any

from django import forms

from messaging.domain.prices import PAID, spell_prices
from messaging.models import ChannelAccount


class PricesForm(forms.Form):
    """What one SMS part or one WhatsApp message costs."""

    currency = forms.CharField(
        required=False,
        max_length=3,
        help_text="Three letters, such as EUR.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "size": "6"}),
    )
    prices = forms.CharField(
        label="Price of one part",
        required=False,
        max_length=5_000,
        help_text="One for all, or one for each country on lines of their own: 0.075, GB=0.04.",
        widget=forms.Textarea(attrs={"rows": 4, "class": "input mono", "spellcheck": "false"}),
    )


def prices_form(account: ChannelAccount | None, data: Any = None) -> PricesForm | None:
    """Return the form of an account whose messages are paid one by one; None for any other."""
    if account is None or account.channel not in PAID:
        return None
    initial = {"currency": account.price_currency, "prices": spell_prices(account.prices)}
    return PricesForm(data, initial=initial, prefix="price")
