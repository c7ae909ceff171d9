"""HTML forms."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from kernel import money
from loyalty.choices import TierNeeds, TierWindow
from loyalty.services.adjusting import MAX_POINTS, MAX_REASON
from loyalty.services.ladder import (
    MAX_BENEFITS,
    MAX_GRACE_DAYS,
    MAX_NAME,
    MOST_TIERS,
    LadderData,
    TierData,
)
from loyalty.services.program import MAX_MONTHS, MAX_PENDING_DAYS

MOST: int = 10**12
"""Highest threshold."""


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


class ClimbForm(forms.Form):
    """How the ladder is climbed."""

    window = forms.ChoiceField(
        label="What counts",
        choices=TierWindow.choices,
        help_text="What a calendar year reached counts for the next one too.",
    )
    grace_days = forms.IntegerField(
        min_value=0,
        max_value=MAX_GRACE_DAYS,
        label="Days of grace",
        help_text="How long somebody keeps a tier that they no longer reach. They go up at once.",
    )


class TierForm(forms.Form):
    """One tier; empty thresholds are not asked."""

    id = forms.IntegerField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(max_length=MAX_NAME, label="Name")
    spend = forms.DecimalField(
        required=False, min_value=0, max_value=MOST, max_digits=15, decimal_places=2, label="Spent"
    )
    min_orders = forms.IntegerField(required=False, min_value=1, max_value=MOST, label="Orders")
    min_points = forms.IntegerField(
        required=False, min_value=1, max_value=MOST, label="Points earned"
    )
    needs = forms.ChoiceField(label="How many of these", choices=TierNeeds.choices)
    multiplier = forms.DecimalField(
        required=False,
        min_value=Decimal("0.01"),
        max_value=100,
        max_digits=5,
        decimal_places=2,
        label="Points earned, times",
    )
    benefits = forms.CharField(
        required=False,
        max_length=MAX_BENEFITS,
        label="What they get",
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["spend"].label = f"Spent, in {currency}"

    def read(self) -> TierData:
        """Return the tier; after `is_valid`."""
        said = self.cleaned_data
        spend = said["spend"]
        digits = money.exponent(self.currency)
        return TierData(
            id=said["id"],
            name=said["name"],
            min_spend_minor=None if spend is None else int(spend.scaleb(digits)),
            min_orders=said["min_orders"],
            min_points=said["min_points"],
            needs=said["needs"],
            multiplier=said["multiplier"],
            benefits=said["benefits"],
        )


class LadderForms(forms.BaseFormSet):  # type: ignore[type-arg] # it takes none when it runs
    """All tiers, the lowest first."""

    def add_fields(self, form: TierForm, index: int | None) -> None:
        """Let a tier be marked to go."""
        super().add_fields(form, index)
        form.fields["DELETE"].label = "Remove this tier"


TierFormSet = forms.formset_factory(
    TierForm,
    formset=LadderForms,
    extra=0,
    can_delete=True,
    max_num=MOST_TIERS,
    absolute_max=MOST_TIERS + 1,
)


def initial_of(data: LadderData, currency: str) -> list[dict[str, Any]]:
    """Return what the forms of a ladder begin with, the lowest tier first."""
    digits = money.exponent(currency)
    return [
        {
            "id": one.id,
            "name": one.name,
            "spend": one.min_spend_minor
            and f"{Decimal(one.min_spend_minor).scaleb(-digits).normalize():f}",
            "min_orders": one.min_orders,
            "min_points": one.min_points,
            "needs": one.needs,
            "multiplier": one.multiplier and f"{one.multiplier.normalize():f}",
            "benefits": one.benefits,
        }
        for one in data.tiers
    ]


def read_ladder_forms(climb: ClimbForm, tiers: Sequence[TierForm]) -> LadderData:
    """Return the ladder of forms that are valid; those that are marked to go are left out."""
    return LadderData(
        [form.read() for form in tiers if not form.cleaned_data.get("DELETE")],
        climb.cleaned_data["window"],
        climb.cleaned_data["grace_days"],
    )
