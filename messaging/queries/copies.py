"""What messaging keeps of one person, for their own copy: plain values, oldest first."""

from collections.abc import Iterable, Sequence
from typing import Any

from messaging.models import CouponCode, PushToken, Submission


def describe_submissions(profile_id: int) -> list[dict[str, Any]]:
    """Return what somebody sent on forms."""
    rows = Submission.objects.filter(profile_id=profile_id).order_by("submitted_at", "pk")
    names = ("submitted_at", "answers", "consents", "consent_version", "source", "source_url")
    return _named(("form", *names), rows.values_list("form__name", *names))


def describe_devices(profile_id: int) -> list[dict[str, Any]]:
    """Return the browsers and apps that push messages of somebody go to, or went to.

    Without what a message is handed to: whoever has that can act as the browser.
    """
    rows = PushToken.objects.filter(profile_id=profile_id).order_by("created_at", "pk")
    names = ("platform", "created_at", "last_seen_at", "gone_at", "reason")
    return _named(names, rows.values_list(*names))


def describe_codes(profile_id: int) -> list[dict[str, Any]]:
    """Return the coupon codes that somebody holds."""
    rows = CouponCode.objects.filter(profile_id=profile_id).order_by("claimed_at", "pk")
    names = ("code", "status", "claimed_at", "sent_at", "expires_at", "redeemed_at")
    return _named(("coupon", *names), rows.values_list("coupon__name", *names))


def _named(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[dict[str, Any]]:
    return [dict(zip(names, row, strict=True)) for row in rows]
