"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class DeliveryStatus(TextChoices):
    """What became of one delivery."""

    PENDING = "pending"
    APPLIED = "applied"
    IGNORED = "ignored"
    QUARANTINED = "quarantined"


class Refusal(TextChoices):
    """Why the edge turned a delivery away; the label completes "refused: …"."""

    SIGNATURE = "signature", "the signature is wrong"
    TOO_LARGE = "too_large", "the body is over 5 MB"
    TRACKING_SIZE = "tracking_size", "a tracking call is over 500 KB, or one event over 32 KB"
    TRACKING_RATE = "tracking_rate", "a key sends too many tracking calls in one second"
    TRACKING_FORMAT = "tracking_format", "a tracking call does not say what it must"


class DeliverySource(TextChoices):
    """How a delivery came in."""

    WEBHOOK = "webhook"
    IMPORT = "import"
    API = "api"
    TRACKING = "tracking"
    SYNC = "sync"


class SyncStatus(TextChoices):
    """How far a pull is; the first three have something left to do by themselves."""

    QUEUED = "queued"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class DayStatus(TextChoices):
    """How a day of orders compares with the platform's."""

    DUE = "due", "Waits to be compared"
    EQUAL = "equal", "Equal"
    MENDED = "mended", "Mended"
    DIFFERENT = "different", "Different"
    FAILED = "failed", "Not compared"


class DayDifference(TextChoices):
    """What is wrong with one order; the label completes "Order 15 …"."""

    MISSING = "missing", "was missing here"
    CHANGED = "changed", "had another total"
    GONE = "gone", "is gone in the shop"
    MOVED = "moved", "was not in the shop's list of the day"


class WriteKind(TextChoices):
    """What Patron writes to a store, the most urgent first."""

    CONSENT = "consent", "Consent"
    CODES = "codes", "Discount codes"
    TAGS = "tags", "Tags"
    SEGMENTS = "segments", "Segments"
    FIELDS = "fields", "Figures"


class WriteState(TextChoices):
    """What became of one thing to be written."""

    WAITING = "waiting", "Waits"
    SENT = "sent", "Written"
    REFUSED = "refused", "Refused"
    SUPERSEDED = "superseded", "Overtaken"


class OutgoingStatus(TextChoices):
    """Where a webhook that goes out stands. ``pending`` waits for its first or next try."""

    PENDING = "pending", "Waiting"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Given up"
