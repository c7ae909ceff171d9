"""What members write about a shopper."""

from django.db import models

from crm.models.profile import Profile
from kernel.tenancy import TenantForeignKey, TenantModel


class Note(TenantModel):
    """One note of one member; only who wrote it changes it."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    user_id = models.BigIntegerField()
    """Who wrote it; people are no rows of a tenant."""
    author = models.TextField()
    """Their e-mail address at the time."""
    text = models.TextField()
    created_at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["tenant", "profile", "-created_at"], name="note_profile_idx")
        ]

    def __str__(self) -> str:
        return f"note of {self.author}"
