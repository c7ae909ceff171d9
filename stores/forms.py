"""HTML forms."""

from typing import Any

from django import forms

from kernel.money import is_currency
from stores.platforms.guides import Guide


class ConnectForm(forms.Form):
    """A new store of the platform that a guide is about."""

    name = forms.CharField(max_length=100, help_text="As you call it, such as Shop UK.")
    url = forms.URLField(
        label="Address of the shop", required=False, assume_scheme="https", max_length=200
    )
    currency = forms.CharField(
        max_length=3, min_length=3, help_text="The shop's own currency, such as GBP."
    )
    secret = forms.CharField(
        label="Signing secret",
        required=False,
        strip=True,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, guide: Guide, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["secret"].help_text = guide.signing_help

    def clean_currency(self) -> Any:
        code = self.cleaned_data["currency"].upper()
        if not is_currency(code):
            raise forms.ValidationError("Write a currency code such as GBP.")
        return code


class RenameForm(forms.Form):
    """Another name for a store."""

    name = forms.CharField(max_length=100, help_text="As you call it, such as Shop UK.")


class SecretForm(forms.Form):
    """Another signing secret for a store."""

    secret = forms.CharField(
        label="New signing secret",
        required=False,
        strip=True,
        max_length=500,
        help_text="As the shop shows it. Leave it empty and one is made for you.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
