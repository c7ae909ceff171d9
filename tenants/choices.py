"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class Role(TextChoices):
    """What a member is to a tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    MARKETER = "marketer"
    ANALYST = "analyst"
    SUPPORT = "support"


class TenantStatus(TextChoices):
    """Whether a tenant may work."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


class KeyKind(TextChoices):
    """What an API key can do: everything in its scopes, or write events only."""

    SECRET = "secret"  # noqa: S105 a word, no secret
    WRITE = "write"


class TokenKind(TextChoices):
    """What an access token in a public address opens."""

    STORE_WEBHOOK = "store_webhook"
