"""Flaws of the data that a merchant lets be."""

from django.db import models

from kernel.tenancy import TenantModel


class IgnoredFlaw(TenantModel):
    """A kind of flaw that the page of the data puts aside, for everybody of the tenant."""

    key = models.TextField()
    """Of `crm.queries.hygiene`."""
    actor = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "key"], name="ignoredflaw_key_uniq")
        ]

    def __str__(self) -> str:
        return self.key
