"""What somebody said of messages that wait: let them wait, let them go on, or end them."""

from django.db import models

from kernel.tenancy import TenantModel
from messaging.choices import StopKind, StopScope


class SendingStop(TenantModel):
    """One pause or cancellation; the row stays and says who did it, when, and to how many."""

    kind = models.TextField(choices=StopKind.choices)
    scope = models.TextField(choices=StopScope.choices)
    target = models.TextField(default="", blank=True)
    """Id of the flow or template, or the channel; empty where the scope says all."""
    label = models.TextField(default="", blank=True)
    """What the target was called."""
    reason = models.TextField(default="", blank=True)
    actor = models.TextField()
    created_at = models.DateTimeField()
    """A cancellation is of what was queued by then."""
    is_open = models.BooleanField(default=True)
    """Whether the claim refuses what it covers."""
    has_work = models.BooleanField(default=False)
    """Whether messages are still to be let go or cancelled."""
    ended_by = models.TextField(default="", blank=True)
    ended_at = models.DateTimeField(null=True)
    done_count = models.IntegerField(default=0)
    """Messages that were let go or cancelled so far."""

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "scope", "target"],
                condition=models.Q(kind=StopKind.PAUSE, is_open=True),
                name="sendingstop_pause_uniq",
            )
        ]
        indexes = [
            models.Index(
                fields=["tenant"],
                condition=models.Q(is_open=True) | models.Q(has_work=True),
                name="sendingstop_open_idx",
            ),
            models.Index(fields=["tenant", "-id"], name="sendingstop_newest_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.scope} {self.target}"
