"""Closed sets of words that the tables of this app store."""

from django.db.models import TextChoices


class FlowStatus(TextChoices):
    """Whether a flow runs.

    ``manual`` runs like ``live``, but every message waits until somebody looked at it. ``paused``
    lets nobody in; who is inside stays where they stand until it goes on.
    """

    DRAFT = "draft"
    LIVE = "live"
    MANUAL = "manual", "Manual review"
    PAUSED = "paused"
    DISABLED = "disabled"


RUNNING = (FlowStatus.LIVE, FlowStatus.MANUAL)
"""States in which people enter and go on."""
ON = (*RUNNING, FlowStatus.PAUSED)
"""States in which people are inside."""


class RunStatus(TextChoices):
    """Where a run stands. ``completed`` and ``exited`` are final; a failed run can be resumed.

    ``paused`` came due while its flow was paused, and is due again once that goes on.
    """

    ACTIVE = "active"
    PAUSED = "paused"
    COMPLETED = "completed"
    EXITED = "exited"
    FAILED = "failed"


class EntryOutcome(TextChoices):
    """What the entry pipeline decided about one trigger event."""

    ENROLLED = "enrolled"
    REFUSED = "refused"
    HELD_OUT = "held_out"


class Refusal(TextChoices):
    """Why a trigger event started no run, in the order of the entry pipeline."""

    EVENT_TOO_OLD = "event_too_old", "The event is older than the flow accepts"
    TRIGGER_FILTER = "trigger_filter", "The event does not match the trigger filter"
    PROFILE_ERASED = "profile_erased", "The profile was erased"
    ENTRY_FILTER = "entry_filter", "The profile does not match the entry filter"
    KEY_MISSING = "key_missing", "The event lacks the property that tells runs apart"
    FREQUENCY = "frequency", "The profile entered before and may not enter again yet"
    TOO_MANY = "too_many", "The profile is in the flow as often as it may be at the same time"
    EXIT_CONDITION = "exit_condition", "An exit condition is met already"
    CIRCLE = "circle", "The profile entered 10 times within a day: flows set each other off"
    HELD_OUT = "held_out", "Held out, so that the effect of the flow can be measured"


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
    HELD = "held", "What the held out would have been sent is kept"


class TaskState(TextChoices):
    """What became of something that a member shall do for a person."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class ReviewStatus(TextChoices):
    """What became of a message that waited for somebody to look at it."""

    WAITING = "waiting"
    RELEASED = "released", "Sent"
    CANCELLED = "cancelled"
