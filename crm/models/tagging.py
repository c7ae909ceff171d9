"""Tags that members give, and what a bulk change of them did."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Now

from kernel.tenancy import TenantModel


class Tag(TenantModel):
    """A tag that was used at least once, to choose from; who has it is on the profiles."""

    pk = models.CompositePrimaryKey("tenant_id", "name")
    name = models.TextField()
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class TagBatch(TenantModel):
    """Whose tags one batch of a job really changed, so that the job can be taken back."""

    job_id = models.BigIntegerField()
    """A job of `tenants`."""
    added = ArrayField(models.TextField(), default=list)
    removed = ArrayField(models.TextField(), default=list)
    profile_ids = ArrayField(models.BigIntegerField(), default=list)

    class Meta:
        indexes = [models.Index(fields=["tenant", "job_id", "id"], name="tagbatch_job_idx")]

    def __str__(self) -> str:
        return f"batch of job {self.job_id}"
