"""The one step between signing up and working: what the shop is."""

import functools
from typing import Any

from django import forms
from django.conf import settings
from django.utils.module_loading import import_string

from kernel.places import list_countries, list_zones
from tenants.domain.origins import currency_choices, currency_of

_PLATFORM_WORDS = {"woocommerce": "WooCommerce", "bigcommerce": "BigCommerce", "custom": "Another"}


class CountrySelect(forms.Select):
    """Countries, each with the currency that people pay with there, for the browser to follow."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["data-currency"] = _currency_of(str(value))
        return option


class ShopForm(forms.Form):
    """Name, country, currency, zone and platform of a new shop, asked once."""

    name = forms.CharField(
        label="Name of the shop",
        max_length=200,
        help_text="As your customers know it.",
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    country = forms.ChoiceField(widget=CountrySelect(attrs={"data-sets-currency": "id_currency"}))
    currency = forms.ChoiceField(help_text="What reports are written in.")
    timezone = forms.ChoiceField(
        label="Time zone",
        help_text="A day begins at its midnight.",
        widget=forms.Select(attrs={"data-here": ""}),
    )
    platform = forms.ChoiceField(
        label="Where does it sell?", widget=forms.RadioSelect, initial="shopify"
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = {
            "country": list_countries(),
            "currency": currency_choices(),
            "timezone": list_zones(),
            "platform": [(value, platform_word(value)) for value in _platforms()],
        }
        for name, choices in offered.items():
            field: Any = self.fields[name]
            field.choices = choices


def platform_word(platform: str) -> str:
    """Return the name of a storefront software as its makers write it."""
    return _PLATFORM_WORDS.get(platform, platform.title())


def _platforms() -> list[str]:
    return list(import_string(settings.STORE_PLATFORMS))


@functools.cache
def _currency_of(country: str) -> str:
    return currency_of(country)
