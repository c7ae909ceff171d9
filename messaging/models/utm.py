"""What the links of messages say of them."""

from django.db import models

from kernel.tenancy import TenantModel


class UtmSettings(TenantModel):
    """Which UTM parameters links get; without a row none."""

    is_on = models.BooleanField(default=False)
    patterns = models.JSONField(default=dict)
    """By parameter, with names in braces (`messaging.domain.utm`)."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="utmsettings_tenant_uniq")]

    def __str__(self) -> str:
        return "on" if self.is_on else "off"
