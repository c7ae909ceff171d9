"""Forms of the log-in and of the settings pages."""

from typing import Any

from allauth.account.forms import LoginForm as AllauthLoginForm
from django import forms

from tenants.choices import KeyKind
from tenants.domain.scopes import EVERYTHING, RESOURCES

_SCOPE_CHOICES = [
    (EVERYTHING, "Everything"),
    *(
        (f"{resource}:{verb}", f"{verb.title()} {resource}")
        for resource, verbs in RESOURCES.items()
        for verb in verbs
    ),
]


class LoginForm(AllauthLoginForm):  # type: ignore[misc] # allauth is untyped
    """The log-in in the words of this product."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["remember"].label = "Keep me logged in"


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
