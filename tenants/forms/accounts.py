"""Forms of the log-in and of the account, in the words of this product."""

from typing import Any

from allauth.account import forms as allauth
from django import forms

from tenants.services.people import MAX_NAME

PASSWORD_HELP = "At least 8 characters, not only digits, nothing that everybody uses."  # noqa: S105 a hint


def name_field(label: str = "Your name") -> forms.CharField:
    """Return the field for what a person is called."""
    return forms.CharField(
        label=label,
        max_length=MAX_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )


def password_field(label: str = "Password") -> forms.CharField:
    """Return the field for a new password, typed once: browsers show it and keep it."""
    return forms.CharField(
        label=label,
        help_text=PASSWORD_HELP,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class LoginForm(allauth.LoginForm):  # type: ignore[misc] # allauth is untyped
    """Address and password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"].label = "Email"
        self.fields["login"].widget.attrs.pop("placeholder", None)
        self.fields["password"].widget.attrs.pop("placeholder", None)
        self.fields["password"].help_text = ""
        self.fields["remember"].label = "Keep me logged in"


class SignupForm(allauth.SignupForm):  # type: ignore[misc] # likewise
    """Name, address and password of somebody new."""

    name = name_field()
    field_order = ("name", "email", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Work email"
        self.fields["password1"].help_text = PASSWORD_HELP
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ChangeEmailForm(allauth.AddEmailForm):  # type: ignore[misc] # likewise
    """The address that takes the place of the present one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "New email"
        self.fields["email"].help_text = "A link is sent there; the change counts once you open it."
        self.fields["email"].widget.attrs.pop("placeholder", None)


class _OnceMixin:
    """Leaves the second password out: it is typed once, and browsers show it."""

    fields: dict[str, forms.Field]

    def use_one_password(self) -> None:
        self.fields.pop("password2", None)
        self.fields["password1"].label = "New password"
        self.fields["password1"].help_text = PASSWORD_HELP
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)


class ChangePasswordForm(_OnceMixin, allauth.ChangePasswordForm):  # type: ignore[misc] # likewise
    """The present password and a new one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_one_password()
        self.fields["oldpassword"].label = "Current password"


class SetPasswordForm(_OnceMixin, allauth.SetPasswordForm):  # type: ignore[misc] # likewise
    """The first password of somebody who has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_one_password()


class NewPasswordForm(_OnceMixin, allauth.ResetPasswordKeyForm):  # type: ignore[misc] # likewise
    """The password that a link from a mail lets somebody choose."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.use_one_password()


class ResetPasswordForm(allauth.ResetPasswordForm):  # type: ignore[misc] # likewise
    """Where the link is sent."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].label = "Email"
        self.fields["email"].widget.attrs.pop("placeholder", None)


class ReauthenticateForm(allauth.ReauthenticateForm):  # type: ignore[misc] # likewise
    """The password once more."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].widget.attrs.pop("placeholder", None)


class ProfileForm(forms.Form):
    """What a person says of themselves."""

    name = name_field()


class NewcomerForm(forms.Form):
    """An invited person who has no account yet."""

    name = name_field()
    password = password_field()


class PasswordForm(forms.Form):
    """The password, to confirm something that cannot be undone."""

    password = forms.CharField(
        label="Your password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )
