"""How members like to see the list of people."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantModel


class SavedView(TenantModel):
    """Filters, order and columns of the list under a name, of one member or for all of them."""

    user_id = models.BigIntegerField()
    """Whose it is; people are no rows of a tenant."""
    name = models.TextField()
    is_shared = models.BooleanField(default=False)
    query = models.TextField(default="", blank=True)
    """The part of the address that holds filters and order."""
    columns = ArrayField(models.TextField(), default=list)
    created_at = models.DateTimeField(db_default=Now())
    deleted_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class ListPreference(TenantModel):
    """The columns and the view that one member begins with."""

    pk = models.CompositePrimaryKey("tenant_id", "user_id")
    user_id = models.BigIntegerField()
    columns = ArrayField(models.TextField(), default=list)
    """Empty for the columns that everybody begins with."""
    default_view_id = models.BigIntegerField(null=True)

    def __str__(self) -> str:
        return f"preference of {self.user_id}"
