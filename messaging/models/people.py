"""What people want of marketing beyond yes and no."""

from django.contrib.postgres.fields import ArrayField
from django.db import models

from crm.models import Profile
from kernel.tenancy import TenantForeignKey, TenantModel
from messaging.choices import Frequency


class Topic(TenantModel):
    """What people can choose to get or not within marketing, such as news or restocks."""

    name = models.TextField()
    description = models.TextField(default="", blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["tenant", "name"], name="topic_name_uniq")]

    def __str__(self) -> str:
        return self.name


class Preferences(TenantModel):
    """What somebody wants of marketing beyond yes and no; without a row they want all of it."""

    profile = TenantForeignKey(Profile, on_delete=models.CASCADE, related_name="+")
    frequency = models.TextField(choices=Frequency.choices, db_default=Frequency.ALL)
    paused_until = models.DateTimeField(null=True)
    refused_topics = ArrayField(
        models.BigIntegerField(),
        db_default=models.Value([], ArrayField(models.BigIntegerField())),
    )
    """Ids of topics that they do not want, sorted; those of topics that are gone say nothing."""
    source = models.TextField(db_default="")
    """Where they last said so: ``preference_page``."""
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "profile"], name="preferences_profile_uniq")
        ]

    def __str__(self) -> str:
        return self.frequency
