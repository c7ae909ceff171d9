"""Which sender writes to whom."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.models.channels import Sender


class SenderRule(TenantModel):
    """Lets a sender write to people of one kind; who meets none is written to by the default."""

    sender = TenantForeignKey(Sender, on_delete=models.CASCADE, related_name="rules")
    position = models.IntegerField()
    """The lowest is tried first."""
    trait = models.TextField()
    """``country``, ``store``, ``property``, or one of `messaging.panels.fill_sender_trait`."""
    key = models.TextField(default="", blank=True)
    """Name of the property; empty for other traits."""
    wanted = ArrayField(models.TextField())
    """As they were typed or chosen; one of them is enough."""

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "position", "id"], name="senderrule_position_idx")
        ]

    def __str__(self) -> str:
        return f"{self.trait} {self.key}".strip()
