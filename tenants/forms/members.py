"""Forms of the page of members."""

from typing import Any

from django import forms

from tenants.choices import Role
from tenants.domain import roles


class InviteForm(forms.Form):
    """Whom to invite, and as what."""

    email = forms.EmailField(
        label="Email",
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text="A link is sent there. It works once, for seven days, for this address alone.",
    )
    role = forms.ChoiceField(widget=forms.RadioSelect, initial=Role.MARKETER)

    def __init__(self, *args: Any, giver: str, **kwargs: Any) -> None:
        """Offer the roles that ``giver`` may give."""
        super().__init__(*args, **kwargs)
        field: Any = self.fields["role"]
        field.choices = [
            (role, f"{Role(role).label}: {roles.PURPOSE[role]}")
            for role in roles.roles_to_give(giver)
        ]
