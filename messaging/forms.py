"""HTML forms."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django import forms

from crm.domain.channels import CHANNEL_LABELS
from crm.services.suppressions import MAX_DETAIL
from kernel import clock
from kernel.calendar import to_local
from kernel.formats import find_zone
from kernel.money import to_decimal
from messaging.channels.base import Provider
from messaging.choices import CouponKind, CouponScope, Offer, WhenOut
from messaging.domain.fonts import PLAIN, STACKS
from messaging.models import Coupon
from messaging.queries.brand import NETWORKS
from messaging.services import assets
from messaging.services.coupon_checks import MAX_NAME, MAX_WORDS, CouponData

CHANNELS = tuple((name, CHANNEL_LABELS[name]) for name in ("email", "sms"))
MAX_CREDENTIAL = 10_000
"""Letters; a service account of a push provider is JSON with a key inside."""
SCOPES = (("promotional", "Marketing only"), ("all", "Every message"))
MAX_UPLOAD: Final = 6 * 1024 * 1024
"""Bytes of a list: 100,000 codes of 50 signs, and some more."""
DAY_HOURS: Final = 24
UNITS: Final = (("days", "days"), ("hours", "hours"))
OWN_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    CouponKind.STATIC: ("code_prefix", "scope", "valid_for", "valid_unit", "low_water"),
    CouponKind.POOL: ("static_code", "is_written", "code_prefix", "code_limit"),
    CouponKind.GENERATED: ("static_code", "is_written", "skus"),
}
"""Fields that a kind of coupon does without."""
FIGURES: Final = ("percent", "amount", "minimum")
COLUMNS: Final = {
    "name": "name",
    "offer": "offer",
    **{name: name for name in FIGURES},
    "offer_words": "offer_words",
    "store_ids": "store_ids",
    "static_code": "static_code",
    "prefix": "code_prefix",
    "is_written": "is_written",
    "code_limit": "code_limit",
    "scope": "scope",
    "when_out": "when_out",
    "fallback": "fallback",
    "low_water": "low_water",
}
"""Field of the form by what it says of a coupon."""
NEEDED: Final = (
    ("percent", "offer", (Offer.PERCENT.value,)),
    ("amount", "offer", (Offer.AMOUNT.value,)),
    ("offer_words", "offer", (Offer.BUNDLE.value, Offer.FREE_PRODUCT.value)),
    ("fallback", "when_out", (WhenOut.FALLBACK.value,)),
)
"""Fields that are needed where another one says something."""
SHOWN_AT: Final = {"ends_at": "ends_on", "valid_hours": "valid_for", "prefix": "code_prefix"}
"""Where an error is shown, when not at the field of its name."""
_NUMBER = {"inputmode": "decimal", "autocomplete": "off"}


class AssetForm(forms.Form):
    """How a picture is called, and the words instead of it."""

    name = forms.CharField(max_length=assets.MAX_NAME)
    alt = forms.CharField(
        label="Words instead",
        required=False,
        max_length=assets.MAX_ALT,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=(
            "Read out to those who do not see it, and shown where pictures are off. A mail that "
            "the picture is put into begins with these words."
        ),
    )


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
    font = forms.ChoiceField(
        label="Typeface of mails",
        required=False,
        choices=[(key, label) for key, (label, _) in STACKS.items()],
        help_text="One that readers have already: a mail that loads another tells a third party "
        "who reads it.",
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

    def clean_font(self) -> str:
        return self.cleaned_data["font"] or PLAIN

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


class ReturnPathForm(forms.Form):
    """Where the bounces of mails from a domain go."""

    return_path = forms.CharField(
        required=False,
        max_length=254,
        label="Address for bounces",
        help_text="Of a mailbox that you read, such as bounces@mail.shop.example. Empty: bounces "
        "come back to the sender.",
        widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class UtmForm(forms.Form):
    """Which UTM parameters links get."""

    is_on = forms.BooleanField(required=False, label="Add UTM parameters to links")
    utm_source = forms.CharField(required=False, max_length=200, label="utm_source")
    utm_medium = forms.CharField(required=False, max_length=200, label="utm_medium")
    utm_campaign = forms.CharField(required=False, max_length=200, label="utm_campaign")
    utm_content = forms.CharField(required=False, max_length=200, label="utm_content")
    utm_term = forms.CharField(
        required=False, max_length=200, label="utm_term", help_text="Empty ones are left out."
    )


class LinkDomainForm(forms.Form):
    """The domain that links lead through."""

    domain = forms.CharField(
        max_length=200,
        help_text="Below one of your sending domains, such as click.shop.example.",
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


class CouponForm(forms.Form):
    """An offer, and how its codes are given out."""

    use_required_attribute = False
    name = forms.CharField(max_length=MAX_NAME, help_text="For you and your team; nobody else.")
    offer = forms.ChoiceField(label="What they get", choices=Offer.choices)
    percent = forms.DecimalField(
        label="Per cent off",
        required=False,
        max_digits=5,
        decimal_places=2,
        localize=False,
        widget=forms.TextInput(attrs=_NUMBER),
    )
    amount = forms.DecimalField(
        label="Amount off",
        required=False,
        max_digits=14,
        decimal_places=3,
        widget=forms.TextInput(attrs=_NUMBER),
    )
    offer_words = forms.CharField(
        label="The product or bundle",
        required=False,
        max_length=MAX_WORDS,
        help_text="As it stands in a sentence, such as: a soap dish.",
    )
    minimum = forms.DecimalField(
        label="On orders from",
        required=False,
        max_digits=14,
        decimal_places=3,
        help_text="Empty: on every order.",
        widget=forms.TextInput(attrs=_NUMBER),
    )
    skus = forms.CharField(
        label="Only for these products",
        required=False,
        max_length=2_000,
        help_text="Article numbers (SKU), separated by commas. Empty: all products.",
    )
    store_ids = forms.TypedMultipleChoiceField(
        label="Stores",
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
    )
    static_code = forms.CharField(
        label="Code", required=False, max_length=50, help_text="The same for everybody."
    )
    is_written = forms.BooleanField(
        label="Make the code in the shop",
        required=False,
        help_text="Leave it empty when the shop has the code already.",
    )
    code_prefix = forms.CharField(
        label="Codes begin with",
        required=False,
        max_length=12,
        help_text="Such as HELLO-; nine signs that nobody can guess follow.",
    )
    code_limit = forms.IntegerField(label="Limit", required=False, min_value=1)
    scope = forms.ChoiceField(
        label="Who gets a code of their own",
        choices=CouponScope.choices,
        help_text="Within it, somebody who gets another message gets the same code again.",
    )
    valid_for = forms.IntegerField(
        label="Good for", required=False, min_value=1, max_value=10_000, help_text="From sending."
    )
    valid_unit = forms.ChoiceField(label="Unit", choices=UNITS)
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        help_text="After it no code is good any more. Empty: it does not end.",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    when_out = forms.ChoiceField(label="When no code is left", choices=WhenOut.choices)
    fallback = forms.CharField(
        label="Other words",
        required=False,
        max_length=MAX_WORDS,
        help_text="Shown as coupon.words in templates that ask for coupon.has_code.",
    )
    low_water = forms.IntegerField(
        label="Tell me below",
        min_value=0,
        max_value=1_000_000,
        help_text="Codes left. You are also told when they would not last for a day.",
    )

    def __init__(
        self,
        *args: Any,
        kind: str,
        stores: Sequence[tuple[int, str]],
        currency: str,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        self.currency = currency
        # A field that is in sight only where it is needed is needed then.
        for name, choice, values in NEEDED:
            said = self.data.get(choice) if self.is_bound else values[0]
            self.fields[name].required = said in values
        for name in OWN_FIELDS[kind]:
            del self.fields[name]
        if stores:
            choices: Any = self.fields["store_ids"]
            choices.choices = stores
            is_needed = choices.required = kind == CouponKind.GENERATED
            choices.help_text = (
                "Patron makes the codes in each of them."
                if is_needed
                else "Which take the code. None chosen: all of them."
            )
        else:
            del self.fields["store_ids"]
        for name in ("amount", "minimum"):
            self.fields[name].label = f"{self.fields[name].label} ({currency})"
        if kind == CouponKind.GENERATED:
            self.fields["offer"].choices = Offer.choices[:3]  # type: ignore[attr-defined] # a choice field
            self.fields["code_limit"].help_text = "Codes that are made at most. Empty: no limit."
        elif kind == CouponKind.STATIC:
            self.fields[
                "code_limit"
            ].help_text = "Orders in all that can use it, where Patron makes it. Empty: no limit."

    def read(self, timezone: str) -> CouponData:
        """Return what a valid form says; the last day is one of the tenant's calendar."""
        found = self.cleaned_data
        last, length = found["ends_on"], found.get("valid_for")
        unit = DAY_HOURS if found.get("valid_unit") != "hours" else 1
        plain = {
            name: found[field]
            for name, field in COLUMNS.items()
            if field in found and found[field] not in (None, "")
        }
        return CouponData(
            kind=self.kind,
            **plain,
            skus=found.get("skus", "").replace(";", ",").split(","),
            valid_hours=None if length is None else length * unit,
            ends_at=None if last is None else clock.end_of_day(last, timezone),
        )


class CodesForm(forms.Form):
    """A list of codes: a file, or pasted."""

    file = forms.FileField(
        required=False,
        help_text="CSV or text, one code a line, up to 100,000 codes.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    codes = forms.CharField(
        label="Or paste them",
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        upload = found.get("file")
        if upload is not None and upload.size > MAX_UPLOAD:
            self.add_error("file", "The file is over 6 MB; a list of 100,000 codes is smaller.")
        elif upload is None and not found.get("codes", "").strip():
            self.add_error("file", "Choose a file, or paste codes.")
        return found

    def read(self) -> str:
        """Return the text of a valid form; signs that are no UTF-8 break their line alone."""
        upload = self.cleaned_data.get("file")
        if upload is None:
            return str(self.cleaned_data["codes"])
        return str(upload.read().decode("utf-8", "replace"))


def initial_of(coupon: Coupon, skus: Sequence[str], timezone: str) -> Mapping[str, Any]:
    """Return what the form of a coupon begins with."""
    hours = coupon.valid_hours
    in_days = hours is not None and hours % DAY_HOURS == 0
    return {
        **{field: getattr(coupon, name) for name, field in COLUMNS.items() if name not in FIGURES},
        "amount": _decimal(coupon.amount_minor, coupon.currency),
        "minimum": _decimal(coupon.minimum_minor, coupon.currency),
        "percent": None if coupon.percent is None else f"{coupon.percent.normalize():f}",
        "skus": ", ".join(skus),
        "valid_for": hours // DAY_HOURS if hours is not None and in_days else hours,
        "valid_unit": "days" if in_days or hours is None else "hours",
        "ends_on": _last_day(coupon.ends_at, timezone),
    }


def _decimal(minor: int | None, currency: str) -> Decimal | None:
    return None if minor is None else to_decimal(minor, currency)


def _last_day(ends_at: datetime | None, timezone: str) -> Any:
    if ends_at is None:
        return None
    return to_local(ends_at - timedelta(seconds=1), find_zone(timezone)).date()
