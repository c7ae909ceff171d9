"""What the messages of a day cost, by the prices that were entered then."""

from django.db import models

from kernel.tenancy import TenantModel


class SpendDay(TenantModel):
    """Messages over one account on one day of the tenant's calendar, with what they cost."""

    pk = models.CompositePrimaryKey("tenant_id", "day", "account_id", "currency")
    day = models.DateField()
    account_id = models.BigIntegerField()
    currency = models.TextField()
    """ISO 4217; empty for those for whose country nobody entered a price."""
    messages = models.IntegerField()
    parts = models.IntegerField()
    """SMS that are paid for; a WhatsApp message is one."""
    amount = models.DecimalField(max_digits=18, decimal_places=6)
    """Whole units of the currency: a part often costs less than the smallest coin."""

    def __str__(self) -> str:
        return f"{self.day} {self.account_id}"
