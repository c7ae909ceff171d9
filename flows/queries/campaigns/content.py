"""What campaigns say and to whom: the templates and segments that they name."""

from collections.abc import Collection
from typing import NamedTuple

from messaging.choices import FREE, CouponKind
from messaging.models import Coupon, CouponCode, Template

CODES_CEILING = 10_000


class TemplateChoice(NamedTuple):
    """A template that a campaign can send."""

    id: int
    key: str
    name: str
    channel: str
    message_class: str
    is_archived: bool
    subject: str


def find_templates(template_ids: Collection[int]) -> dict[int, TemplateChoice]:
    """Return those of some templates that exist, by id."""
    rows = Template.objects.filter(pk__in=template_ids)
    return {row[0]: TemplateChoice(*row) for row in rows.values_list(*_COLUMNS)}


def list_template_choices(channel: str) -> list[TemplateChoice]:
    """Return the templates of marketing of a channel that are not archived, by name."""
    rows = Template.objects.filter(
        channel=channel, is_archived=False, message_class__in=["promotional", "behavioural"]
    ).order_by("name", "pk")
    return [TemplateChoice(*row) for row in rows.values_list(*_COLUMNS)]


_COLUMNS = ("pk", "key", "name", "channel", "message_class", "is_archived", "subject")


def find_coupons(
    template_ids: Collection[int], others: Collection[int]
) -> list[tuple[int, str, int | None]]:
    """Return the coupons that templates name, and others, with the codes that are left of each.

    Returns:
        Id, name and number, at most `CODES_CEILING`; None where everybody gets the same code.
    """
    rows = Template.objects.filter(pk__in=template_ids).values_list("content", flat=True)
    named = {content.get("coupon") for content in rows}
    ids = {each for each in named if isinstance(each, int)} | set(others)
    found = []
    for coupon in Coupon.objects.filter(pk__in=ids).order_by("name", "pk"):
        left = None
        if coupon.kind != CouponKind.STATIC:
            codes = CouponCode.objects.filter(coupon=coupon, status__in=FREE)
            left = len(codes.values_list("pk", flat=True)[:CODES_CEILING])
        found.append((coupon.pk, coupon.name, left))
    return found
