"""Forms of the settings pages; those of the log-in are beside it."""

from collections.abc import Sequence
from typing import Any, cast

from django import forms

from kernel.money import is_currency
from kernel.places import list_countries, list_zones
from tenants.choices import KeyKind, WeekStart
from tenants.domain.scopes import EVERYTHING, RESOURCES
from tenants.services.general import MOST_HOLDOUT

_SCOPE_CHOICES = [
    (EVERYTHING, "Everything"),
    *(
        (f"{resource}:{verb}", f"{verb.title()} {resource}")
        for resource, verbs in RESOURCES.items()
        for verb in verbs
    ),
]


class KeyForm(forms.Form):
    """Name, kind and scopes of a new key."""

    name = forms.CharField(max_length=100, help_text="Which program will use it.")
    kind = forms.ChoiceField(
        choices=[
            (KeyKind.SECRET, "Secret key: for a server, may do what its scopes say"),
            (KeyKind.WRITE, "Write key: for a web site or app, can only send events"),
        ],
        initial=KeyKind.SECRET,
        widget=forms.RadioSelect,
    )
    scopes = forms.MultipleChoiceField(
        choices=_SCOPE_CHOICES,
        initial=[EVERYTHING],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="For a secret key. Give it as little as it needs.",
    )


class GeneralForm(forms.Form):
    """What the shop is called, where it is, and by which day and week it counts."""

    name = forms.CharField(label="Name of the shop", max_length=200)
    country = forms.ChoiceField(required=False)
    timezone = forms.ChoiceField(
        label="Time zone",
        help_text="Its midnight ends your day in every report, segment and score.",
    )
    currency = forms.CharField(
        max_length=3, min_length=3, help_text="Reports add everything up in it, such as GBP."
    )
    week_start = forms.TypedChoiceField(
        label="Week starts on",
        choices=WeekStart.choices,
        coerce=int,
        help_text="Reports by the week begin with this day.",
    )

    holdout = forms.IntegerField(
        label="Held out of all marketing, in per cent",
        required=False,
        min_value=0,
        max_value=MOST_HOLDOUT,
        help_text=(
            "So many people, drawn by lot once for ever, get nothing of flows and campaigns but "
            "what is about their orders. 0 holds nobody out."
        ),
    )

    def __init__(self, *args: Any, currency_obstacle: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("country", [("", "Not said"), *list_countries()])
        self._offer("timezone", list_zones())
        if currency_obstacle:
            self.fields["currency"].disabled = True
            self.fields["currency"].help_text = currency_obstacle

    def clean_holdout(self) -> int:
        return self.cleaned_data["holdout"] or 0

    def clean_currency(self) -> str:
        code = str(self.cleaned_data["currency"]).upper()
        if not is_currency(code):
            raise forms.ValidationError("Write a currency code such as GBP.")
        return code

    def _offer(self, name: str, choices: Sequence[tuple[str, str]]) -> None:
        """Offer choices, and the present value too where it is an old name of one."""
        present = str(self.initial.get(name, ""))
        old = [] if not present or present in dict(choices) else [(present, present)]
        cast("forms.ChoiceField", self.fields[name]).choices = [*old, *choices]
