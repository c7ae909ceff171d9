"""Forms of pages of flows."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms

from flows.services.early_access import MOST_HOURS, MOST_NAME, MOST_URL, AccessData
from kernel.formats import find_zone


class AccessForm(forms.Form):
    """A new list of who may buy first; its time is by the merchant's clock."""

    name = forms.CharField(
        label="What opens", max_length=MOST_NAME, help_text="As the mail says it: The autumn box."
    )
    url = forms.URLField(
        label="Where it is in your shop", max_length=MOST_URL, assume_scheme="https"
    )
    segments = forms.TypedMultipleChoiceField(
        label="Who may go in first",
        coerce=int,
        help_text="Members of any of these segments, such as VIP and Long-time customers.",
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
