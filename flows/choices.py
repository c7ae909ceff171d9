"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class FlowStatus(TextChoices):
    """Whether a flow runs."""

    DRAFT = "draft"
    LIVE = "live"
    DISABLED = "disabled"


class RunStatus(TextChoices):
    """Where a run stands. All but ``active`` are final."""

    ACTIVE = "active"
    COMPLETED = "completed"
    EXITED = "exited"
    FAILED = "failed"


class EntryOutcome(TextChoices):
    """What the entry pipeline decided about one trigger event."""

    ENROLLED = "enrolled"
    REFUSED = "refused"
