"""Removes what names a person from messages that stay for the figures, and what they wanted."""

from collections.abc import Collection

from django.db import transaction

from kernel.sql import count_sql
from messaging.models import Preferences, PushToken, Submission


@transaction.atomic
def forget_callbacks(profile_ids: Collection[int]) -> None:
    """Remove what providers told that still names people who are about to be erased."""
    count_sql("messaging.forget_callbacks", profile_ids=list(profile_ids))


@transaction.atomic
def redact_messages(profile_ids: Collection[int]) -> None:
    """Blank addresses, subjects, contents and traces of erased profiles; a repeat is harmless."""
    ids = list(profile_ids)
    count_sql("messaging.redact_touches", profile_ids=ids)
    count_sql("messaging.forget_links", profile_ids=ids)
    count_sql("messaging.redact_messages", profile_ids=ids)
    Preferences.objects.filter(profile_id__in=ids).delete()
    Submission.objects.filter(profile_id__in=ids).delete()
    PushToken.objects.filter(profile_id__in=ids).delete()
