"""What peers that are a Django of their own are set up with; it needs no settings itself."""

from typing import Any
from urllib.parse import urlsplit


def database_settings(address: str, *, options: str = "") -> dict[str, Any]:
    """Return what Django's ``DATABASES`` holds of a PostgreSQL.

    Args:
        address: of the database, as a URL.
        options: for its server, such as ``-c search_path=peer``.
    """
    parts = urlsplit(address)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": parts.hostname,
        "PORT": parts.port,
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "NAME": parts.path.strip("/"),
        "CONN_MAX_AGE": None,
        "OPTIONS": {"options": options},
    }
