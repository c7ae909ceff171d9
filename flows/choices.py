"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class FlowStatus(TextChoices):
    """Whether a flow runs."""

    DRAFT = "draft"
    LIVE = "live"
    DISABLED = "disabled"


class RunStatus(TextChoices):
    """Where a run stands. ``completed`` and ``exited`` are final; a failed run can be resumed."""

    ACTIVE = "active"
    COMPLETED = "completed"
    EXITED = "exited"
    FAILED = "failed"


class EntryOutcome(TextChoices):
    """What the entry pipeline decided about one trigger event."""

    ENROLLED = "enrolled"
    REFUSED = "refused"


class Refusal(TextChoices):
    """Why a trigger event started no run, in the order of the entry pipeline."""

    EVENT_TOO_OLD = "event_too_old", "The event is older than the flow accepts"
    TRIGGER_FILTER = "trigger_filter", "The event does not match the trigger filter"
    PROFILE_ERASED = "profile_erased", "The profile was erased"
    ENTRY_FILTER = "entry_filter", "The profile does not match the entry filter"
    KEY_MISSING = "key_missing", "The event lacks the property that tells runs apart"
    FREQUENCY = "frequency", "The profile entered before and may not enter again yet"
    EXIT_CONDITION = "exit_condition", "An exit condition is met already"
    CIRCLE = "circle", "The profile entered 10 times within a day: flows set each other off"


class CampaignState(TextChoices):
    """Where a campaign stands. ``sent`` and ``cancelled`` are final."""

    DRAFT = "draft", "Draft"
    SCHEDULED = "scheduled", "Scheduled"
    PREPARING = "preparing", "Preparing"
    SENDING = "sending", "Sending"
    PAUSED = "paused", "Paused"
    SENT = "sent", "Sent"
    CANCELLED = "cancelled", "Cancelled"
    FAILED = "failed", "Failed"


class Phase(TextChoices):
    """What of a campaign is being sent; empty before and after."""

    TEST = "test", "The variants are sent to the test group"
    WAIT = "wait", "The test is waited for"
    REST = "rest", "Everybody else is sent to"
