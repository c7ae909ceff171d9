"""HTML forms."""

from typing import Any

from django import forms

from loyalty.services.adjusting import MAX_POINTS, MAX_REASON
from loyalty.services.program import MAX_MONTHS, MAX_PENDING_DAYS


class AdjustForm(forms.Form):
    """Points that a member gives or takes."""

    way = forms.ChoiceField(
        label="What",
        widget=forms.RadioSelect,
        choices=[("give", "Give points"), ("take", "Take points")],
        initial="give",
    )
    points = forms.IntegerField(min_value=1, max_value=MAX_POINTS, label="How many points")
    reason = forms.CharField(
        max_length=MAX_REASON,
        help_text="The ledger and the audit trail keep it. The person does not see it.",
    )
    token = forms.UUIDField(widget=forms.HiddenInput)

    def signed_points(self) -> int:
        """Return the points with the sign of the chosen way; after `is_valid`."""
        points: int = self.cleaned_data["points"]
        return points if self.cleaned_data["way"] == "give" else -points


class ProgramForm(forms.Form):
    """The rules of the programme."""

    name = forms.CharField(
        max_length=40, label="Name of the points", help_text="Such as Points or Petals."
    )
    points_per_unit = forms.DecimalField(
        min_value=0, max_value=10_000, max_digits=9, decimal_places=4, label="Points per unit paid"
    )
    value_per_point = forms.DecimalField(
        min_value=0,
        max_value=1_000,
        max_digits=10,
        decimal_places=6,
        label="Worth of one point",
        help_text="Says what you owe in money. It changes no balance.",
    )
    is_active = forms.BooleanField(
        required=False,
        label="New orders earn points",
        help_text="Refunds are taken back either way.",
    )

    expires_after_months = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=MAX_MONTHS,
        label="Points expire after (months)",
        help_text=(
            "Counted from the day they were earned, to the end of that day. Leave it empty for "
            "points that never expire. It counts for points that are earned from now on."
        ),
    )
    pending_days = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_PENDING_DAYS,
        label="Points can be used after (days)",
        help_text=(
            "How long after an order its points wait, such as your return period. "
            "0: they can be used at once."
        ),
    )

    def clean_pending_days(self) -> int:
        """Take an empty field as no waiting."""
        return self.cleaned_data["pending_days"] or 0

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["points_per_unit"].help_text = (
            f"For each whole {currency} of an order, rounded down. "
            "It counts for new orders; what was earned stays."
        )
        self.fields["value_per_point"].label = f"Worth of one point in {currency}"
