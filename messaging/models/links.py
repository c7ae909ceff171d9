"""Short links of texts."""

from django.db import models

from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.models.messages import Message


class ShortLink(TenantModel):
    """Where a short link of one message leads."""

    code = models.TextField()
    """Ends its public address; made by `messaging.domain.short_codes`."""
    message = TenantForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    url = models.TextField()
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "code"], name="shortlink_code_uniq")
        ]
        indexes = [models.Index(fields=["tenant", "message"], name="shortlink_message_idx")]

    def __str__(self) -> str:
        return self.code
