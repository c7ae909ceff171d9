"""How a check says what is wrong: an id, the name of the setting, and what to do."""

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured

SETTINGS = "patron-settings"
"""Tag of the checks that look at settings and files alone, and cost nothing."""


def error(number: int, setting: str, text: str, *, hint: str) -> CheckMessage:
    """Return a fault with which Patron does not serve."""
    return checks.Error(f"{setting}: {text}", hint=hint, id=f"patron.E{number:03}")


def warning(number: int, setting: str, text: str, *, hint: str) -> CheckMessage:
    """Return a fault with which Patron serves, though worse than it could."""
    return checks.Warning(f"{setting}: {text}", hint=hint, id=f"patron.W{number:03}")


def refuse_wrong_settings() -> None:
    """Stop a process that would serve with wrong settings.

    Raises:
        ImproperlyConfigured: a check of the settings finds an error; the text names each.
    """
    found = checks.run_checks(tags=[SETTINGS])
    errors = [message for message in found if message.is_serious() and not message.is_silenced()]
    if errors and not settings.DEBUG:
        raise ImproperlyConfigured("\n".join(str(message) for message in errors))
