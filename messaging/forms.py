"""HTML forms."""

from collections.abc import Sequence
from typing import Any

from django import forms

from crm.services.suppressions import MAX_DETAIL
from messaging.channels.base import Provider
from messaging.queries.brand import NETWORKS

CHANNELS = (("email", "Email"), ("sms", "SMS"))
MAX_CREDENTIAL = 10_000
"""Letters; a service account of a push provider is JSON with a key inside."""
SCOPES = (("promotional", "Marketing only"), ("all", "Every message"))


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


class AccountForm(forms.Form):
    """What a provider needs to know; secrets that are kept are never shown again."""

    name = forms.CharField(max_length=100, help_text="How you call it among your own.")

    def __init__(
        self, provider: Provider, *args: Any, is_connected: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for asked in provider.credentials:
            is_kept = asked.is_secret and is_connected
            self.fields[asked.name] = forms.CharField(
                label=asked.label,
                required=asked.is_required and not is_connected,
                max_length=MAX_CREDENTIAL,
                widget=forms.PasswordInput(attrs={"autocomplete": "off"})
                if asked.is_secret
                else forms.TextInput(),
                help_text=f"{asked.help} Leave it empty to keep what is stored.".strip()
                if is_kept
                else asked.help,
            )
        for asked in provider.options:
            self.fields[asked.name] = forms.CharField(
                label=asked.label, required=asked.is_required, max_length=500, help_text=asked.help
            )


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


class SuppressionForm(forms.Form):
    """An address that must not be contacted."""

    channel = forms.ChoiceField(choices=CHANNELS)
    address = forms.CharField(
        label="Email address or phone number",
        max_length=254,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    scope = forms.ChoiceField(
        label="What is stopped",
        choices=SCOPES,
        help_text="Mails about an order are not marketing.",
    )
    detail = forms.CharField(
        label="Why",
        required=False,
        max_length=MAX_DETAIL,
        help_text="Such as: asked on the phone on 4 May. Your name and the time are kept.",
    )


class TopicForm(forms.Form):
    """What people can choose within marketing."""

    name = forms.CharField(max_length=60, help_text="Such as: New products, Back in stock.")
    description = forms.CharField(
        label="What they get",
        required=False,
        max_length=200,
        help_text="One sentence that stands below the name on the preference page.",
    )
    templates = forms.TypedMultipleChoiceField(
        label="Emails of this topic",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text="Who refuses the topic does not get them. An email is of one topic at most.",
    )

    def __init__(self, *args: Any, templates: Sequence[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if templates:
            choices: Any = self.fields["templates"]
            choices.choices = templates
        else:
            del self.fields["templates"]
