"""Forms of pages of flows."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from flows.services.early_access import MOST_HOURS, MOST_NAME, MOST_URL, AccessData
from flows.services.product_issues import MOST_NUMBERS, MOST_WORDS, Issue
from kernel.formats import find_zone

if TYPE_CHECKING:
    from crm.models import Variant

DAYS: Final = 90
_WITHIN: Final = (MinValueValidator(date(1900, 1, 1)), MaxValueValidator(date(2200, 12, 31)))
_BETWEEN: Final = re.compile(r"[\s,;]+")


class IssueForm(forms.Form):
    """What is wrong with a product, and when it was sold."""

    variants = forms.MultipleChoiceField(
        label="Variants",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None chosen: all of them.",
    )
    first_day = forms.DateField(
        label="Sold from",
        validators=_WITHIN,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    last_day = forms.DateField(
        label="Until",
        validators=_WITHIN,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    lot = forms.CharField(
        label="Lot", required=False, max_length=100, help_text="Said in the message."
    )
    numbers = forms.CharField(
        label="Orders of the lot",
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Numbers of the orders that the lot went to, as your warehouse lists them. "
        "Empty: all orders of these days.",
    )
    what = forms.CharField(
        label="What is wrong",
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="In one or two sentences, such as: The lid can break and has sharp edges.",
    )
    advice = forms.CharField(
        label="What they do now",
        required=False,
        max_length=MOST_WORDS,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Such as: Stop using it. We send you a new one; you need not send it back.",
    )

    def __init__(
        self, data: Any, *, product_id: int, variants: "Sequence[Variant]", today: date
    ) -> None:
        first = {"first_day": today - timedelta(days=DAYS), "last_day": today}
        super().__init__(data, initial=first)
        self._product_id = product_id
        choices = [(str(one.pk), one.title or one.sku or one.external_id) for one in variants]
        self.fields["variants"].choices = choices  # type: ignore[attr-defined]  # a choice field
        if len(choices) < 2:  # noqa: PLR2004 nothing to choose
            del self.fields["variants"]

    def clean_numbers(self) -> list[str]:
        """Return the numbers of orders, each once."""
        words = [word for word in _BETWEEN.split(self.cleaned_data["numbers"]) if word]
        if len(words) > MOST_NUMBERS:
            raise forms.ValidationError(f"At most {MOST_NUMBERS:,} orders.")
        return list(dict.fromkeys(words))

    def clean(self) -> dict[str, Any]:
        """Refuse days that are the wrong way round."""
        found = super().clean() or {}
        first, last = found.get("first_day"), found.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day is before the first.")
        return found

    def issue(self) -> Issue:
        """Return what was typed; the form is valid."""
        found = self.cleaned_data
        return Issue(
            product_id=self._product_id,
            first_day=found["first_day"],
            last_day=found["last_day"],
            variant_ids=tuple(int(word) for word in found.get("variants", ())),
            lot=found["lot"],
            numbers=tuple(found["numbers"]),
            what=found["what"],
            advice=found["advice"],
        )


class AccessForm(forms.Form):
    """A new list of who may buy first; its time is by the merchant's clock."""

    name = forms.CharField(
        label="What opens", max_length=MOST_NAME, help_text="As the mail says it: The autumn box."
    )
    url = forms.URLField(
        label="Where it is in your shop", max_length=MOST_URL, assume_scheme="https"
    )
    segments = forms.TypedMultipleChoiceField(
        label="Who may go in first", coerce=int, widget=forms.CheckboxSelectMultiple
    )
    public_at = forms.DateTimeField(
        label="Opens to everybody",
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}),
        help_text="By the clock of your shop.",
    )
    hours = forms.IntegerField(
        label="Hours before all others", min_value=1, max_value=MOST_HOURS, initial=24
    )

    def __init__(
        self, *args: Any, segments: Mapping[int, str], timezone: str, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["segments"]
        choices.choices = sorted(segments.items(), key=lambda each: each[1].casefold())
        self._zone = find_zone(timezone)

    def data_of(self) -> AccessData:
        """Return the list; after `is_valid`."""
        found = self.cleaned_data
        local: datetime = found["public_at"].replace(tzinfo=self._zone)
        return AccessData(found["name"], found["url"], found["segments"], found["hours"], local)
