"""HTML forms."""

from typing import Any

from django import forms

from messaging.queries.brand import NETWORKS


class BrandForm(forms.Form):
    """How the merchant looks and signs."""

    logo = forms.FileField(
        required=False,
        help_text="PNG or JPEG, up to 512 KB. It is shown up to 200 × 48 pixels large.",
        widget=forms.FileInput(attrs={"accept": "image/png,image/jpeg"}),
    )
    accent = forms.CharField(
        label="Accent colour", max_length=7, widget=forms.TextInput(attrs={"type": "color"})
    )
    postal_address = forms.CharField(
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Stands below every mail; the law of most countries asks for it in marketing.",
    )
    support_email = forms.EmailField(
        label="Support email", required=False, help_text="Where readers turn with questions."
    )
    website = forms.URLField(required=False, assume_scheme="https", max_length=200)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in NETWORKS.items():
            self.fields[name] = forms.URLField(
                label=label, required=False, assume_scheme="https", max_length=200
            )

    def clean_accent(self) -> str:
        return str(self.cleaned_data["accent"]).lower()

    @property
    def links(self) -> list[Any]:
        """The fields of the social networks."""
        return [self[name] for name in NETWORKS]


class SenderForm(forms.Form):
    """A from-identity."""

    name = forms.CharField(
        label="From name", max_length=100, help_text="What readers see beside the subject."
    )
    email = forms.EmailField(
        label="From address", help_text="Take one that takes replies, on a domain of your own."
    )
    reply_to = forms.EmailField(
        label="Reply to", required=False, help_text="Empty: replies go to the from address."
    )


class DomainForm(forms.Form):
    """A new sending domain."""

    domain = forms.CharField(
        max_length=200,
        help_text="What stands behind the @ of your from address, such as shop.example.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
