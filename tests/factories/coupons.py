"""Coupons and their codes with dull defaults."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import count
from typing import Any

from messaging.models import Coupon, Template
from messaging.services.coupon_checks import CouponData
from messaging.services.coupons import create_coupon, upload_codes
from tests.factories.messaging import make_template

ACTOR = "ada@example.com"
BODY = "Use {{ coupon.code }} <a href='{{ unsubscribe_url }}'>Unsubscribe</a>"
_numbers = count(1)


def coupon_data(**fields: Any) -> CouponData:
    """Return ten per cent off by uploaded codes."""
    values: dict[str, Any] = {
        "name": f"Ten {next(_numbers)}",
        "kind": "pool",
        "offer": "percent",
        "percent": Decimal(10),
        "low_water": 0,
        **fields,
    }
    return CouponData(**values)


def make_pool(codes: Sequence[str] = (), **fields: Any) -> Coupon:
    """Create a coupon with some codes."""
    made = create_coupon(coupon_data(**fields), actor=ACTOR)
    if codes:
        upload_codes(made.pk, "\n".join(codes), is_dry=False, actor=ACTOR)
    return made


def coupon_template(coupon: Coupon | None = None, body: str = BODY, **parts: Any) -> Template:
    """Create a template that asks for a code, and names its coupon where one is given."""
    key = f"coupon{next(_numbers)}"
    made = make_template(key, parts.pop("message_class", "promotional"), body, **parts)
    if coupon is not None:
        Template.objects.filter(pk=made.pk).update(content={"coupon": coupon.pk})
        made.refresh_from_db()
    return made
