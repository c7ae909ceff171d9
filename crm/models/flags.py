"""What makes a product consumable, technical or of high value."""

from django.db import models
from django.db.models.functions import Now

from crm.choices import ProductFlag
from kernel.tenancy import TenantModel


class FlagRule(TenantModel):
    """A rule that gives products a flag: all that it names must hold, and it names something."""

    flag = models.TextField(choices=ProductFlag.choices)
    category = models.TextField(db_default="")
    """Without regard to case; categories below it, written ``Coffee > Beans``, are in it too."""
    brand = models.TextField(db_default="")
    """Without regard to case."""
    from_minor = models.BigIntegerField(null=True)
    """Least price of a variant, in minor units of ``currency``."""
    to_minor = models.BigIntegerField(null=True)
    currency = models.CharField(max_length=3, db_default="")
    """Empty where no price is named."""
    created_at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["tenant", "flag", "id"], name="flagrule_flag_idx")]

    def __str__(self) -> str:
        return f"{self.flag}: {self.category} {self.brand}"
