"""How often somebody may try something, counted by the log-in's own limits."""

from allauth.account import app_settings
from allauth.core import ratelimit
from allauth.core.internal.ratelimit import parse_rates
from django.http import HttpRequest

ACTIONS = {
    "account_login": "login",
    "mfa_login_webauthn": "login",
    "account_signup": "signup",
    "account_reset_password": "reset_password",
    "account_reset_password_from_key": "reset_password_from_key",
    "account_reauthenticate": "reauthenticate",
    "mfa_reauthenticate": "reauthenticate",
    "account_change_password": "change_password",
    "account_email": "manage_email",
    "accept_invitation": "accept_invitation",
}
"""Which limit of ``ACCOUNT_RATE_LIMITS`` stands before which address."""


def is_allowed(request: HttpRequest, action: str, *, key: str = "") -> bool:
    """Count one try of a limited action.

    Args:
        request: who tries.
        action: a key of ``ACCOUNT_RATE_LIMITS``.
        key: what a limit per key counts by.

    Returns:
        False once there were too many; nothing may be done then.
    """
    return bool(ratelimit.consume(request, action=action, key=key or None))


def wait_seconds(url_name: str) -> int:
    """Return for how long an address rests at most once a limit is reached, in seconds."""
    rates = parse_rates(app_settings.RATE_LIMITS.get(ACTIONS.get(url_name, "login"), ""))
    return int(max((rate.duration for rate in rates), default=60))
