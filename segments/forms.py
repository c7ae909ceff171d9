"""Forms of the segment pages."""

import json
from collections.abc import Mapping
from typing import Any

from django import forms

from segments.domain.versions import EDITABLE
from segments.errors import DefinitionError
from segments.queries.conditions import parse_definition


class _Indented(json.JSONEncoder):
    """Writes a definition over several lines, as people edit it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2})


class SegmentForm(forms.Form):
    """Name and definition of a segment."""

    name = forms.CharField(max_length=120)
    description = forms.CharField(
        max_length=300, required=False, help_text="What it is for, in one sentence."
    )
    definition = forms.JSONField(
        encoder=_Indented,
        widget=forms.Textarea(attrs={"rows": 14, "spellcheck": "false", "class": "mono"}),
        help_text="Conditions as JSON. The fields that you can use are listed beside.",
        error_messages={"invalid": "This is not valid JSON: look for a missing comma or quote."},
    )

    version = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    """What of the segment was opened; empty for a new one."""
    reviewed = forms.CharField(max_length=64, required=False, widget=forms.HiddenInput)
    """The definition whose warnings were shown, by its digest."""

    def clean_definition(self) -> Any:
        definition = self.cleaned_data["definition"]
        try:
            parse_definition(definition)
        except DefinitionError as exc:
            raise forms.ValidationError(str(exc)) from exc
        return definition

    def edited(self) -> dict[str, Any]:
        """Return what was typed, of a valid form."""
        return {name: self.cleaned_data[name] for name in EDITABLE}

    @classmethod
    def holding(cls, values: Mapping[str, Any], version: str) -> "SegmentForm":
        """Return a form in which values are typed already, to be saved over a version."""
        definition = json.dumps(values["definition"], cls=_Indented)
        return cls({**values, "definition": definition, "version": version})
