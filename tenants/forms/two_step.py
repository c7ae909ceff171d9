"""Forms of two-step verification and passkeys, in the words of this product."""

from typing import Any

from allauth.mfa.base import forms as base
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from django import forms

MAX_NAME = 60
CODE_HELP = "The six digits that the app shows now, or one of your recovery codes."


class ActivateForm(totp.ActivateTOTPForm):  # type: ignore[misc] # allauth is untyped
    """The first code of an authenticator app."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_code(self.fields["code"], "The six digits that the app shows now.")


class CodeForm(base.AuthenticateForm):  # type: ignore[misc] # likewise
    """The second step of a log-in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_code(self.fields["code"], CODE_HELP)


class ReauthenticateForm(base.ReauthenticateForm):  # type: ignore[misc] # likewise
    """The code once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _describe_code(self.fields["code"], CODE_HELP)


class AddPasskeyForm(webauthn.AddWebAuthnForm):  # type: ignore[misc] # likewise
    """A new passkey; what the browser made comes in hidden fields."""

    name = forms.CharField(
        label="Name",
        required=False,
        max_length=MAX_NAME,
        help_text="So that you know it again, such as Work laptop.",
    )
    passwordless = forms.BooleanField(
        required=False, initial=True, widget=forms.HiddenInput(attrs={"value": "on"})
    )


class RenamePasskeyForm(webauthn.EditWebAuthnForm):  # type: ignore[misc] # likewise
    """Another name for a passkey."""

    name = forms.CharField(label="Name", max_length=MAX_NAME)


def _describe_code(field: forms.Field, text: str) -> None:
    field.label = "Code"
    field.help_text = text
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs |= {"inputmode": "text", "autocomplete": "one-time-code"}
