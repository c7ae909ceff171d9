"""HTML forms."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms

from crm.choices import MergeRule, ProductFlag
from crm.services.flags import RuleData
from crm.services.merge_rules import MOST_PER_DAY
from kernel.money import MoneyError, to_minor

MAX_WORDS = 200


class FlagRuleForm(forms.Form):
    """A rule that gives products a flag."""

    flag = forms.ChoiceField(label="Products are", choices=ProductFlag.choices)
    category = forms.CharField(
        label="In the category",
        required=False,
        max_length=MAX_WORDS,
        help_text="As your shop writes it. Coffee also means Coffee > Beans.",
    )
    brand = forms.CharField(label="Of the brand", required=False, max_length=MAX_WORDS)
    from_price = forms.DecimalField(label="Price from", required=False, min_value=0, max_digits=12)
    to_price = forms.DecimalField(label="Price up to", required=False, min_value=0, max_digits=12)
    currency = forms.ChoiceField(label="Currency of the price", required=False)

    def __init__(self, *args: Any, currencies: Sequence[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices: Any = self.fields["currency"]
        choices.choices = [(code, code) for code in currencies]
        self._currency = currencies[0]
        if len(currencies) == 1:
            del self.fields["currency"]
            self.fields["from_price"].label = f"Price from, {self._currency}"
            self.fields["to_price"].label = f"Price up to, {self._currency}"

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        names = ("category", "brand", "from_price", "to_price")
        if not self.errors and all(found.get(name) in ("", None) for name in names):
            raise forms.ValidationError("Name a category, a brand or a price.")
        low, high = found.get("from_price"), found.get("to_price")
        if low is not None and high is not None and low > high:
            self.add_error("to_price", "This is below the price that it begins with.")
        for name in ("from_price", "to_price"):
            try:
                found[f"{name}_minor"] = self._minor(found.get(name))
            except MoneyError:
                self.add_error(name, "This currency has fewer places behind the point.")
        return found

    def rule(self) -> RuleData:
        """Return the rule; after `is_valid`."""
        found = self.cleaned_data
        return RuleData(
            flag=found["flag"],
            category=found["category"],
            brand=found["brand"],
            from_minor=found["from_price_minor"],
            to_minor=found["to_price_minor"],
            currency=self._chosen(),
        )

    def _chosen(self) -> str:
        return self.cleaned_data.get("currency") or self._currency

    def _minor(self, price: Decimal | None) -> int | None:
        return None if price is None else to_minor(price, self._chosen())


class MergeRulesForm(forms.Form):
    """By which rules probable duplicates become one, and how many a day."""

    rules = forms.MultipleChoiceField(
        choices=MergeRule.choices, required=False, widget=forms.CheckboxSelectMultiple
    )
    per_day = forms.IntegerField(
        label="Most merges in a day",
        min_value=1,
        max_value=MOST_PER_DAY,
        help_text="What is left follows on the next day.",
    )
