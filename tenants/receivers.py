"""What the log-in (django-allauth) reports, written into the audit trail."""

from typing import Any

from allauth.account import signals as account
from allauth.mfa import signals as mfa
from django.dispatch import receiver  # noqa: TID251 a library calls, not this product
from django.http import HttpRequest

from kernel.requests import client_ip
from tenants.domain.devices import name_device
from tenants.models import User
from tenants.services.person_audit import record_for_person
from tenants.services.sessions import LISTED


def _origin(request: HttpRequest) -> dict[str, str]:
    return {
        "ip": client_ip(request),
        "device": name_device(request.headers.get("User-Agent", "")),
    }


@receiver(account.user_logged_in)
def note_login(request: HttpRequest, user: User, **_: Any) -> None:
    """Note who came in, from where."""
    request.session[LISTED] = True
    record_for_person(user, "login.succeeded", after=_origin(request))


@receiver(mfa.authentication_failed)
def note_wrong_code(request: HttpRequest, user: User, **_: Any) -> None:
    """Note a second step that failed."""
    record_for_person(user, "login.code_refused", after=_origin(request))


@receiver([account.password_changed, account.password_set])
def note_password(request: HttpRequest, user: User, **_: Any) -> None:
    """Note a new password."""
    record_for_person(user, "password.changed", after=_origin(request))


@receiver(account.password_reset)
def note_reset(request: HttpRequest, user: User, **_: Any) -> None:
    """Note a password chosen by a link from a mail."""
    record_for_person(user, "password.reset", after=_origin(request))


@receiver(account.email_changed)
def note_address(user: User, from_email_address: Any, to_email_address: Any, **_: Any) -> None:
    """Note another address."""
    record_for_person(
        user,
        "email.changed",
        before={"email": getattr(from_email_address, "email", "")},
        after={"email": to_email_address.email},
    )


@receiver(mfa.authenticator_added)
def note_added(user: User, authenticator: Any, **_: Any) -> None:
    """Note a second step or codes that were added."""
    record_for_person(user, "two_step.added", after={"kind": authenticator.type})


@receiver(mfa.authenticator_removed)
def note_removed(user: User, authenticator: Any, **_: Any) -> None:
    """Note a second step or codes that went."""
    record_for_person(user, "two_step.removed", before={"kind": authenticator.type})


@receiver(mfa.authenticator_reset)
def note_new_codes(user: User, **_: Any) -> None:
    """Note new recovery codes."""
    record_for_person(user, "two_step.codes_renewed", after={"kind": "recovery_codes"})
