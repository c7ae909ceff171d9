"""Checks that look at settings and files alone; they run at every start."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, register

from config.checks.report import SETTINGS, error, warning

SHORTEST_KEY = 50
FEWEST_LETTERS = 12
LOOPBACK = ("127.0.0.1", "localhost", "::1")
A_ZONE = "Pacific/Auckland"


@register(SETTINGS)
def check_secret_key(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """E001: what signs sessions and links must be long and random."""
    for name, key in _signing_keys():
        if len(key) < SHORTEST_KEY or len(set(key)) < FEWEST_LETTERS:
            yield error(
                1,
                name,
                "is missing, short or plain, so that sessions and links can be forged",
                hint="Set 50 random letters or more.",
            )


@register(SETTINGS)
def check_addresses(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """E002 to E006: who may be asked for what, and by which way."""
    host = str(urlsplit(settings.PUBLIC_URL).hostname)
    if settings.SECURE_HSTS_SECONDS and not settings.IS_HTTPS:
        yield error(
            2,
            "SECURE_HSTS_SECONDS",
            f"is set while PATRON_PUBLIC_URL is {settings.PUBLIC_URL}",
            hint="Set PATRON_PUBLIC_URL to the https:// address, or SECURE_HSTS_SECONDS to 0.",
        )
    if "*" in settings.ALLOWED_HOSTS and not settings.EMBEDDED:
        yield error(
            3,
            "ALLOWED_HOSTS",
            "answers every host name, so that links can be made to lead elsewhere",
            hint=f"Leave it out, or name the hosts: {host}.",
        )
    elif not _is_allowed(host):
        yield error(
            4,
            "ALLOWED_HOSTS",
            f"lacks {host}, the host of PATRON_PUBLIC_URL",
            hint=f"Add {host}.",
        )
    yield from _check_origins()
    if settings.IS_HTTPS and not settings.BEHIND_PROXY:
        yield error(
            6,
            "PATRON_BEHIND_PROXY",
            "is off while PATRON_PUBLIC_URL is https, which a proxy must speak for Patron",
            hint="Put a proxy in front that sets X-Forwarded-Proto and -For; set it to true.",
        )


@register(SETTINGS)
def check_encryption_keys(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """E007 to E009: the keys of what is stored encrypted. No key is ever printed."""
    name, keys = "PATRON_ENCRYPTION_KEYS", settings.ENCRYPTION_KEYS
    if not keys:
        yield error(
            7,
            name,
            "is empty, so that secrets of stores cannot be kept",
            hint="Set 32 random bytes in URL-safe base64; config/docker/new-env makes one.",
        )
    for place, key in enumerate(keys, start=1):
        if not _is_fernet_key(key):
            yield error(
                8,
                name,
                f"key {place} of {len(keys)} is no Fernet key",
                hint="A key is 32 bytes in URL-safe base64, 44 letters.",
            )
    if len(set(keys)) != len(keys):
        yield error(9, name, "names a key twice", hint="Keep each key once, the newest first.")


@register(SETTINGS)
def check_exposure(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """E010 and W011 to W013: what strangers would see."""
    is_local = urlsplit(settings.PUBLIC_URL).hostname in LOOPBACK
    if settings.DEBUG and not is_local:
        yield error(
            10,
            "DEBUG",
            f"shows settings and code to everyone at {settings.PUBLIC_URL}",
            hint="Set it to false.",
        )
    if settings.EMBEDDED and not is_local:
        yield warning(
            11,
            "PATRON_EMBEDDED",
            f"shows all mail at {settings.PUBLIC_URL}/mailbox/",
            hint="Set EMAIL_URL to a real mail server.",
        )
    if not settings.IS_HTTPS and not is_local:
        yield warning(
            12,
            "PATRON_PUBLIC_URL",
            "is not https, so that passwords and customer data travel in the clear",
            hint="Put a proxy with a certificate in front and write https://.",
        )


@register(SETTINGS)
def check_mail(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """W013 and W014: the mail server, and the sender of Patron's own mails."""
    address = urlsplit(settings.EMAIL_URL)
    has_tls = settings.EMAIL_USE_TLS or settings.EMAIL_USE_SSL
    if address.username and not has_tls and address.hostname not in LOOPBACK:
        yield warning(
            13,
            "EMAIL_URL",
            "sends its password in the clear",
            hint="Begin it with smtp+tls:// (port 587) or smtp+ssl:// (port 465).",
        )
    if ".localhost" in settings.DEFAULT_FROM_EMAIL and not settings.EMBEDDED:
        yield warning(
            14,
            "DEFAULT_FROM_EMAIL",
            f"is {settings.DEFAULT_FROM_EMAIL}, which no mail server takes",
            hint="Set an address of your own domain.",
        )


@register(SETTINGS)
def check_files(app_configs: Any, **kwargs: Any) -> Iterator[CheckMessage]:
    """E015 to E017: folders and data that must be there."""
    if not _can_write(Path(settings.MEDIA_ROOT)):
        yield error(
            15,
            "PATRON_MEDIA_DIR",
            f"{settings.MEDIA_ROOT} cannot be written",
            hint="Give the folder to the account that Patron runs as.",
        )
    if not settings.WHITENOISE_USE_FINDERS and not (settings.STATIC_ROOT / "assets").is_dir():
        yield error(
            16,
            "PATRON_STATIC_DIR",
            f"{settings.STATIC_ROOT} holds no collected files",
            hint="Run `bin/manage collectstatic`, or leave the setting out.",
        )
    try:
        ZoneInfo(A_ZONE)
    except ZoneInfoNotFoundError:
        yield error(
            17,
            "PYTHONTZPATH",
            "time zone data is missing, so that no merchant's day can be told",
            hint="Install the package tzdata, which is in the lock.",
        )


def _signing_keys() -> Iterator[tuple[str, str]]:
    yield "SECRET_KEY", settings.SECRET_KEY
    yield from (("SECRET_KEY_FALLBACKS", key) for key in settings.SECRET_KEY_FALLBACKS)


def _is_allowed(host: str) -> bool:
    return any(
        allowed in ("*", host) or (allowed.startswith(".") and f".{host}".endswith(allowed))
        for allowed in settings.ALLOWED_HOSTS
    )


def _check_origins() -> Iterator[CheckMessage]:
    wrong = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if "://" not in origin]
    if wrong:
        yield error(
            5,
            "CSRF_TRUSTED_ORIGINS",
            f"{', '.join(wrong)}: the scheme is missing",
            hint="Write https:// in front.",
        )


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except ValueError:
        return False
    return True


def _can_write(folder: Path) -> bool:
    """Whether the folder can be written, or made where it is not there yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return existing.is_dir() and os.access(existing, os.W_OK | os.X_OK)
