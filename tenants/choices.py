"""Closed sets of words that the tables of this app store."""

from django.db.models import IntegerChoices, TextChoices


class Role(TextChoices):
    """What a member is to a tenant."""

    OWNER = "owner"
    ADMIN = "admin"
    MARKETER = "marketer"
    ANALYST = "analyst"
    SUPPORT = "support"


class TenantStatus(TextChoices):
    """Whether a tenant may work: one that is deleting can be restored, one that is purging not."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETING = "deleting"
    PURGING = "purging"


class WeekStart(IntegerChoices):
    """ISO day on which a merchant's week begins."""

    MONDAY = 1
    SATURDAY = 6
    SUNDAY = 7


class KeyKind(TextChoices):
    """What an API key can do: everything in its scopes, or write events only."""

    SECRET = "secret"  # noqa: S105 a word, no secret
    WRITE = "write"


class TokenKind(TextChoices):
    """What an access token in a public address opens."""

    STORE_WEBHOOK = "store_webhook"


class JobStatus(TextChoices):
    """How far a background job is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
