"""HTML forms."""

from collections.abc import Sequence
from typing import Any

from django import forms

from crm.domain.tags import MAX_LENGTH, clean_tag
from imports.choices import Kind
from imports.domain.targets import TARGETS
from imports.services.uploads import MAX_BYTES
from kernel import clock

NAMES_LENGTH = 200
TOOL_LENGTH = 60
ORDERS_OF_DATES = (
    ("iso", "Written as 2026-05-31"),
    ("dmy", "31/05/2026: the day comes first"),
    ("mdy", "05/31/2026: the month comes first"),
)


DECIMALS = (
    ("point", "1,234.50: a point before the pence"),
    ("comma", "1.234,50: a comma before the cents"),
)
STATES = (
    ("", "The file has a column for it"),
    ("subscribed", "All are subscribed"),
    ("unsubscribed", "All are unsubscribed, bounced or suppressed"),
)
_PROOF = ("consent_source", "consent_on")
_LEFT_OUT: dict[str, tuple[str, ...]] = {
    Kind.CUSTOMERS: ("state", "decimal", "tool"),
    Kind.CONSENT: ("decimal", "tool"),
    Kind.SUPPRESSIONS: ("state", "tag", "decimal", "tool", "date_order", *_PROOF),
    Kind.ORDERS: ("state", "tag", "tool", *_PROOF),
    Kind.EVENTS: ("state", "tag", "decimal", "tool", *_PROOF),
    Kind.PRODUCTS: ("state", "tag", "tool", *_PROOF),
    Kind.STOCK: ("state", "tag", "tool", *_PROOF),
    Kind.POINTS: ("state", *_PROOF),
}
"""What is not asked about a file, by kind."""


class UploadForm(forms.Form):
    """A file, and what is in it."""

    kind = forms.ChoiceField(label="What is in the file?", widget=forms.RadioSelect)
    file = forms.FileField(
        help_text=(
            "CSV or JSON lines, also packed with gzip; up to 1,000,000 rows or 1 GB. "
            "The first row names the columns."
        ),
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,.tsv,.txt,.jsonl,.ndjson,.gz,text/csv,application/gzip"}
        ),
    )
    store = forms.TypedChoiceField(
        label="Which store is it from?",
        required=False,
        coerce=int,
        empty_value=None,
        help_text="Customer ids and order numbers of the file belong to this store.",
    )

    def __init__(self, *args: Any, stores: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds: Any = self.fields["kind"]
        kinds.choices = [(kind.value, kind.label) for kind in Kind if kind in TARGETS]
        choices: Any = self.fields["store"]
        choices.choices = [("", "None of them: keep it apart"), *stores]

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError("The file is over 1 GB. Split it into several.")
        return file


class OptionsForm(forms.Form):
    """What is said about a whole file, beside its columns."""

    date_order = forms.ChoiceField(
        label="How are dates written?", choices=ORDERS_OF_DATES, initial="iso"
    )
    decimal = forms.ChoiceField(label="How are amounts written?", choices=DECIMALS, initial="point")
    tool = forms.CharField(
        label="Which tool are the balances from?",
        max_length=TOOL_LENGTH,
        help_text=(
            "Such as Smile. Each balance of it is posted once, however often the file is brought."
        ),
    )
    tag = forms.CharField(
        label="Tag for everybody in this file",
        required=False,
        max_length=MAX_LENGTH,
        help_text="Such as the name of the list that it comes from.",
    )
    state = forms.ChoiceField(
        label="What do rows mean that name no consent?", choices=STATES, required=False
    )
    consent_source = forms.CharField(
        label="Where did these people give their consent?",
        required=False,
        max_length=NAMES_LENGTH,
        help_text=(
            "It is kept as proof, such as “Newsletter form of the old shop”. Needed when a column "
            "is mapped to consent."
        ),
    )
    consent_on = forms.DateField(
        label="Since when, where a row names no time?",
        required=False,
        help_text=(
            "You confirm that they had all agreed by this day. Without it, rows that say "
            "subscribed and name no time are refused."
        ),
        widget=forms.DateInput(attrs={"type": "date"}),
    )

    def __init__(self, *args: Any, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in _LEFT_OUT[kind]:
            del self.fields[name]

    def clean_tag(self) -> str:
        return clean_tag(self.cleaned_data["tag"])

    def clean_consent_on(self) -> Any:
        found = self.cleaned_data["consent_on"]
        if found and found > clock.now().date():
            raise forms.ValidationError("This day lies in the future.")
        return found

    def options(self) -> dict[str, str]:
        """Return what was chosen, as it is stored."""
        found = {name: value for name, value in self.cleaned_data.items() if value}
        if "consent_on" in found:
            found["consent_on"] = found["consent_on"].isoformat()
        return found


EVENTS = (
    ("", "No events"),
    ("year", "Events of the last 12 months"),
    ("all", "All events; this can take hours for a large account"),
)


class KeyForm(forms.Form):
    """A private key of Klaviyo."""

    key = forms.CharField(
        label="Private API key",
        max_length=200,
        strip=True,
        help_text="It begins with pk_. It is tried at once, and kept encrypted.",
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}, render_value=False),
    )


class BringForm(forms.Form):
    """What is brought from another tool."""

    has_people = forms.BooleanField(
        label="People, with their consent and suppressions", required=False, initial=True
    )
    list_ids = forms.MultipleChoiceField(
        label="Lists",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="The members of each are tagged with its name.",
    )
    events = forms.ChoiceField(
        label="Events",
        choices=EVENTS,
        required=False,
        widget=forms.RadioSelect,
        help_text=(
            "Opens, clicks, views and orders as Klaviyo noted them, for the timeline and for "
            "segments. They never count as revenue: orders come from your shop."
        ),
    )

    def __init__(self, *args: Any, lists: Sequence[Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if lists:
            choices: Any = self.fields["list_ids"]
            choices.choices = [(key, name) for key, name in lists]
        else:
            del self.fields["list_ids"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if not (found.get("has_people") or found.get("list_ids") or found.get("events")):
            raise forms.ValidationError("Choose at least one thing to bring.")
        return found

    def chosen(self) -> dict[str, Any]:
        """Return what was chosen, as the service takes it."""
        found = self.cleaned_data
        return {
            "has_people": found["has_people"],
            "list_ids": found.get("list_ids", []),
            "events": found["events"],
        }
