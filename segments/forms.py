"""Forms of the segment pages."""

import codecs
import json
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from django import forms
from django.forms.fields import InvalidJSONInput

from kernel.places import list_countries
from segments.choices import PushForm, RfmMode
from segments.domain.thresholds import MEASURES, Thresholds, find_faults, read_thresholds
from segments.domain.versions import EDITABLE
from segments.errors import DefinitionError
from segments.models import RfmScale
from segments.queries.conditions import parse_definition
from segments.services.segments import clean_tags
from segments.services.shops import MAX_TAG


class _Indented(json.JSONEncoder):
    """Writes a definition over several lines, as people edit it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2})


class ShopTagForm(forms.Form):
    """The tag that members of a segment get in a shop, or the metafield."""

    tag = forms.CharField(
        label="Name",
        max_length=MAX_TAG,
        help_text="A tag is written as it stands here, without a comma.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    form = forms.ChoiceField(
        label="Written as",
        choices=PushForm.choices,
        help_text="A metafield is named patron.segment_ and the name, and is true for members.",
    )

    def __init__(self, *args: Any, takes_metafields: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not takes_metafields:
            del self.fields["form"]


class _DefinitionField(forms.JSONField):
    """A definition as JSON; one that nobody wrote yet is empty."""

    def prepare_value(self, value: Any) -> Any:
        return "" if value is None else super().prepare_value(value)

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Show what was typed as it was typed, however deep it is."""
        return super().bound_data(data, initial) if data is None else InvalidJSONInput(data)

    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError as exc:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from exc


class SegmentForm(forms.Form):
    """Name and definition of a segment."""

    name = forms.CharField(max_length=120)
    description = forms.CharField(
        max_length=300, required=False, help_text="What it is for, in one sentence."
    )
    definition = _DefinitionField(
        encoder=_Indented,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
        help_text="Conditions as JSON. What they can say is listed below.",
        error_messages={
            "invalid": "This is not valid JSON: look for a missing comma or quote.",
            "required": "Add at least one condition.",
        },
    )

    tags = forms.CharField(
        max_length=400,
        required=False,
        help_text="Words to sort segments by, with commas between them.",
    )
    version = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    """What of the segment was opened; empty for a new one."""
    reviewed = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    """The definition whose warnings were shown, by its digest."""

    def __init__(self, *args: Any, is_list: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if is_list:  # people decide who is on it
            del self.fields["definition"]

    def clean_definition(self) -> Any:
        definition = self.cleaned_data["definition"]
        try:
            parse_definition(definition)
        except DefinitionError as exc:
            raise forms.ValidationError(str(exc)) from exc
        return definition

    def edited(self) -> dict[str, Any]:
        """Return what was typed, of a valid form."""
        return {name: self.cleaned_data[name] for name in EDITABLE if name in self.fields}

    def tags_typed(self) -> list[str]:
        """Return the tags that were typed, of a valid form."""
        return clean_tags(self.cleaned_data["tags"])

    @classmethod
    def holding(
        cls, values: Mapping[str, Any], version: str, tags: str, *, is_list: bool = False
    ) -> "SegmentForm":
        """Return a form in which values are typed already, to be saved over a version."""
        definition = json.dumps(values["definition"], cls=_Indented)
        return cls(
            {**values, "definition": definition, "version": version, "tags": tags}, is_list=is_list
        )


class PeopleForm(forms.Form):
    """E-mail addresses of people, typed or in a file."""

    MOST_BYTES = 1_000_000

    addresses = forms.CharField(
        required=False,
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
        label="Email addresses",
        help_text="Up to 10,000, on lines of their own or with commas between them.",
    )
    file = forms.FileField(
        required=False,
        label="Or a file",
        help_text="CSV or text, up to 1 MB: every email address in it is taken.",
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )

    def clean_file(self) -> str:
        """Return the text of the file; empty without one."""
        file = self.cleaned_data["file"]
        if file is None:
            return ""
        if file.size > self.MOST_BYTES:
            raise forms.ValidationError("This file is larger than 1 MB. Import it instead.")
        return str(file.read().decode("utf-8-sig", errors="replace"))

    def text(self) -> str:
        """Return everything that was typed and uploaded, of a valid form."""
        return f"{self.cleaned_data['addresses']}\n{self.cleaned_data['file']}"


class ListForm(PeopleForm):
    """A new list, with people on it or not."""

    name = forms.CharField(max_length=120)
    description = forms.CharField(
        max_length=300, required=False, help_text="What it is for, in one sentence."
    )
    tags = forms.CharField(
        max_length=400,
        required=False,
        help_text="Words to sort lists and segments by, with commas between them.",
    )
    field_order = ("name", "description", "tags", "addresses", "file")

    def tags_typed(self) -> list[str]:
        """Return the tags that were typed, of a valid form."""
        return clean_tags(self.cleaned_data["tags"])


class CutForm(forms.Form):
    """How RFM scores are cut: the mode, and where scores 5 to 2 begin in threshold mode."""

    FITTING = "fitting"
    MODES = (
        (FITTING, "The one that fits: fifths from 200 buyers on"),
        (RfmMode.QUANTILE.value, "Fifths: each score holds about a fifth of the buyers"),
        (RfmMode.THRESHOLDS.value, "Fixed thresholds: the ones below"),
    )
    UNITS: ClassVar[Mapping[str, str]] = {
        "days": "Days since the last order, at most",
        "orders": "Orders, at least",
        "percents": "Net revenue in % of the average order, at least",
    }

    COLUMNS = (
        "Last order, at most days ago",
        "Orders, at least",
        "Revenue, at least % of the average order",
    )

    mode = forms.ChoiceField(choices=MODES, label="Scores are cut by")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in self.UNITS.items():
            for score in range(5, 1, -1):
                self.fields[f"{name}_{score}"] = forms.IntegerField(
                    label=f"{label}, for score {score}",
                    min_value=1,
                    widget=forms.NumberInput(attrs={"class": "input"}),
                )

    @classmethod
    def showing(cls, typed: Any, scale: RfmScale, stored: Thresholds) -> "CutForm":
        """Return the form with what is stored, or with what was typed."""
        values = {
            f"{name}_{place + 2}": value
            for name in MEASURES
            for place, value in enumerate(getattr(stored, name))
        }
        return cls(typed, initial={"mode": scale.forced_mode or cls.FITTING, **values})

    def lines(self) -> list[tuple[int, list[tuple[str, forms.BoundField]]]]:
        """Return the fields of each score under their columns, 5 first."""
        named = list(zip(self.COLUMNS, MEASURES, strict=True))
        return [
            (score, [(column, self[f"{name}_{score}"]) for column, name in named])
            for score in (5, 4, 3, 2)
        ]

    def clean_mode(self) -> str:
        """Return the mode to force; empty where the number of buyers decides."""
        chosen: str = self.cleaned_data["mode"]
        return "" if chosen == self.FITTING else chosen

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if not self.errors:
            for name, fault in find_faults(self.thresholds()).items():
                self.add_error(None, f"{self.UNITS[name]}: {fault}")
        return cleaned

    def thresholds(self) -> Thresholds:
        """Return what was typed, of a form whose numbers are numbers."""
        stored = {
            name: [self.cleaned_data[f"{name}_{score}"] for score in (2, 3, 4, 5)]
            for name in MEASURES
        }
        return read_thresholds(stored)


class PostcodesForm(forms.Form):
    """A file that says where postcodes lie."""

    MOST_BYTES = 20_000_000

    file = forms.FileField(
        label="File",
        help_text=(
            "CSV whose first line names postcode, latitude and longitude, or a country’s postal"
            " codes as GeoNames gives them (tabs, no header). Up to 20 MB."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,text/csv,text/plain"}),
    )
    country = forms.ChoiceField(
        required=False,
        label="Country",
        help_text="Only for a file that has no column for it.",
        choices=lambda: [("", "As the file says"), *list_countries()],
    )

    def clean_file(self) -> Any:
        """Refuse a file that is too large for a page."""
        file = self.cleaned_data["file"]
        if file.size > self.MOST_BYTES:
            raise forms.ValidationError(
                "This file is larger than 20 MB. Load it with the command “postcodes”."
            )
        return file

    def lines(self) -> Iterator[str]:
        """Yield the lines of the file, of a valid form."""
        return codecs.iterdecode(self.cleaned_data["file"], "utf-8-sig", "replace")
