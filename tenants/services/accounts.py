"""How people sign in and sign up (django-allauth): words, mails, addresses, and what is noted."""

from collections.abc import Iterable, Mapping
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest
from django.urls import reverse

from kernel import secrets
from kernel.requests import client_ip
from tenants.domain.devices import name_device
from tenants.models import User
from tenants.services.mails import build_mail
from tenants.services.person_audit import record_failed_login
from tenants.services.sessions import end_sessions

PRODUCT = "Patron"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc] # allauth has no types
    """Closes sign-up unless the installation opens it; writes our own mails."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "Address or password is wrong.",
        "too_many_login_attempts": (
            "Too many failed attempts. Log-in with this address rests for 5 minutes; "
            "a new password by mail ends the wait."
        ),
        "rate_limited": "Too many attempts. Wait 5 minutes, then try again.",
        "incorrect_code": "This code is wrong or was used before.",
        "incorrect_password": "The password is wrong.",
        "enter_current_password": "Your current password is different.",
        "unverified_primary_email": "Confirm your address first.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return bool(settings.SIGNUP_OPEN)

    def save_user(self, request: HttpRequest, user: User, form: Form, **options: Any) -> User:
        user.name = form.cleaned_data.get("name", "").strip()
        saved: User = super().save_user(request, user, form, **options)
        return saved

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_ip(request)

    def get_signup_redirect_url(self, request: HttpRequest) -> str:
        return reverse("create_shop")

    def get_email_confirmation_url(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC
    ) -> str:
        address = reverse("account_confirm_email", args=[emailconfirmation.key])
        return f"{settings.PUBLIC_URL}{address}"

    def get_reset_password_from_key_url(self, key: str) -> str:
        uid, _, token = key.partition("-")
        address = reverse("account_reset_password_from_key", kwargs={"uidb36": uid, "key": token})
        return f"{settings.PUBLIC_URL}{address}"

    def send_mail(self, template_prefix: str, email: str, context: Mapping[str, Any]) -> None:
        """Send once the request's changes are committed; a mail server that is down is logged."""
        request = self.request
        values = {
            "email": email,
            "ip": client_ip(request),
            "device": name_device(request.headers.get("User-Agent", "")),
            **{key: str(value) for key, value in context.items()},
        }
        if "password_reset_url" in context:
            values["password_reset_url"] = _absolute(str(context["password_reset_url"]))
        message = build_mail(template_prefix, email, values)
        transaction.on_commit(message.send, robust=True)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        record_failed_login(str(credentials.get("email", "")), ip=client_ip(request))


class SessionsAdapter(DefaultUserSessionsAdapter):  # type: ignore[misc] # allauth has no types
    """Notes the ending of sessions in the audit trail."""

    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        end_sessions(list(sessions))


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc] # allauth has no types
    """Keeps the secrets of authenticator apps encrypted, and names the product in them."""

    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "This code is wrong or was used before.",
        "unverified_email": "Confirm your email address first: it is the way back in.",
        "add_email_blocked": "Switch two-step verification off before you change the address.",
    }

    def get_totp_issuer(self) -> str:
        return PRODUCT

    def _get_site_name(self) -> str:
        return PRODUCT

    def encrypt(self, text: str) -> str:
        return secrets.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return secrets.decrypt(encrypted_text)


def _absolute(url: str) -> str:
    """Lead to the public address whatever host name the request came under."""
    path = url.split("/", 3)[3] if "://" in url else url.lstrip("/")
    return f"{settings.PUBLIC_URL}/{path}"
