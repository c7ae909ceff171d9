"""What a merchant changed about the library."""

from django.db import models

from kernel.tenancy import TenantModel


class LibraryOrder(TenantModel):
    """In which order the merchant wants flows recommended; one row, made when it is changed."""

    keys = models.JSONField(default=list)
    """Keys of flows, those to begin with first; the others follow as the library has them."""

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant"], name="libraryorder_tenant_uniq")]

    def __str__(self) -> str:
        return ", ".join(self.keys)
