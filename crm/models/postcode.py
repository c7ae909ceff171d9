"""Where postcodes lie, so that people without coordinates of their own are somewhere too."""

from django.db import models

from crm.choices import PostcodeSource
from kernel.tenancy import TenantModel


class Postcode(TenantModel):
    """The middle of one postcode, or of the area that longer ones begin with (`SW1A`).

    No table of postcodes comes along. A merchant's file says where they lie; what it does not say
    is learned from addresses that carry coordinates. What is learned counts only once it was
    settled, before everything is computed again: until then it moves nobody.
    """

    pk = models.CompositePrimaryKey("tenant_id", "country", "code")
    country = models.TextField()
    """ISO 3166-1 alpha-2."""
    code = models.TextField()
    """Capitals and digits alone, as `crm.domain.postcodes.normalise_postcode` writes them."""
    latitude = models.FloatField(null=True)
    """Degrees, as conditions read them; None until settled. Likewise the longitude."""
    longitude = models.FloatField(null=True)
    source = models.TextField(choices=PostcodeSource.choices)
    seen_count = models.BigIntegerField(db_default=0)
    """Addresses with coordinates that were seen here; their degrees are summed up beside it."""
    seen_latitude = models.FloatField(db_default=0)
    seen_longitude = models.FloatField(db_default=0)
    updated_at = models.DateTimeField()
    """When the row came, or its place was last another one."""

    def __str__(self) -> str:
        return f"{self.code}, {self.country}"
