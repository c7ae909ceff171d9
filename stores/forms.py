"""HTML forms."""

from typing import Any, Final

from django import forms

from kernel.money import is_currency
from stores.domain.outgoing import TYPES
from stores.domain.write_words import FIELDS
from stores.domain.writing import MAX_PREFIX
from stores.platforms.guides import Credential, Guide
from stores.platforms.tools.guides import ToolGuide


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
        self.fields["url"].help_text = guide.url_help
        self.fields["secret"].help_text = guide.signing_help
        self.fields["secret"].required = guide.needs_secret
        self._names = [each.name for each in guide.credentials]
        for each in guide.credentials:
            self.fields[each.name] = credential_field(each, is_required=guide.makes_webhooks)

    @property
    def credentials(self) -> dict[str, str]:
        """What was entered of the API's credentials, by name."""
        given = {name: self.cleaned_data[name] for name in self._names}
        return {name: value for name, value in given.items() if value}

    def clean_currency(self) -> Any:
        code = self.cleaned_data["currency"].upper()
        if not is_currency(code):
            raise forms.ValidationError("Write a currency code such as GBP.")
        return code


class CredentialsForm(forms.Form):
    """Address and credentials of a platform's API, as its guide lists them."""

    url = forms.URLField(label="Address of the shop", assume_scheme="https", max_length=200)

    def __init__(self, *args: Any, guide: Guide, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["url"].help_text = guide.url_help
        self._names = [each.name for each in guide.credentials]
        for each in guide.credentials:
            self.fields[each.name] = credential_field(each, is_required=not each.is_optional)

    @property
    def credentials(self) -> dict[str, str]:
        """What was entered, by name."""
        given = {name: self.cleaned_data[name] for name in self._names}
        return {name: value for name, value in given.items() if value}


def credential_field(each: Credential, *, is_required: bool) -> forms.CharField:
    """Return the field of one credential; what is kept is never shown again."""
    return forms.CharField(
        label=each.label,
        help_text=each.help,
        required=is_required,
        strip=True,
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class ToolForm(forms.Form):
    """A new tool of the kind that a guide is about."""

    name = forms.CharField(max_length=100, help_text="As you call it.")

    def __init__(self, *args: Any, guide: ToolGuide, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["secret"] = forms.CharField(
            label=guide.key_label,
            help_text=guide.key_help,
            required=guide.needs_key,
            strip=True,
            max_length=500,
            widget=forms.TextInput(attrs={"autocomplete": "off"}),
        )


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


class TagsForm(forms.Form):
    """What stands before each tag at the store."""

    tag_prefix = forms.CharField(
        label="Prefix",
        required=False,
        max_length=MAX_PREFIX,
        help_text="Stands before each tag, such as crm: so that the shop sees whose it is.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class FiguresForm(forms.Form):
    """Which figures of a customer are written to the store."""

    fields_chosen = forms.MultipleChoiceField(
        label="Which figures",
        choices=list(FIELDS.items()),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose one at least."},
    )


TYPE_GROUPS: Final = {
    "Orders": ("order",),
    "Parcels and returns": ("shipment", "return"),
    "Carts": ("cart", "checkout"),
    "People": ("profile", "consent", "suppression", "tags", "form"),
    "Segments": ("segment", "rfm_group"),
    "Messages": ("message",),
    "Reviews and tickets": ("review", "ticket"),
    "Loyalty": ("points",),
    "Products": ("product",),
}
"""What types are about, by their first word."""


def _group_types() -> list[tuple[str, list[tuple[str, str]]]]:
    """Return the types that webhooks carry below what they are about."""
    known = {word: group for group, words in TYPE_GROUPS.items() for word in words}
    found: dict[str, list[tuple[str, str]]] = {group: [] for group in (*TYPE_GROUPS, "Others")}
    for type_, name in TYPES.items():
        group = known.get(type_.partition(".")[0], "Others")
        found[group].append((type_, f"{name} ({type_})"))
    return [(group, types) for group, types in found.items() if types]


class WebhookForm(forms.Form):
    """An address of the merchant's own software, and what it is told of."""

    url = forms.URLField(
        label="Address",
        assume_scheme="https",
        max_length=1_000,
        help_text="It answers 2xx within 15 seconds. Redirects are not followed.",
    )
    description = forms.CharField(required=False, max_length=200)
    types = forms.MultipleChoiceField(
        label="What it is told of",
        required=False,
        choices=_group_types,
        widget=forms.CheckboxSelectMultiple(attrs={"class": "check-groups"}),
        help_text="None chosen: everything, also what is added later.",
    )
    is_enabled = forms.BooleanField(label="Post to it", required=False, initial=True)
