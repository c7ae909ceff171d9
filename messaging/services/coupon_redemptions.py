"""What coupons hear of others: orders that carry codes, people who become one.

Codes are matched where orders are written. Every code of every coupon is known, whoever made it: by
Patron in the shop, or by the merchant and uploaded here.
"""

from crm.services.repointing import REPOINTED
from kernel.sql import run_sql
from messaging.queries import coupon_values
from messaging.variables import fill_variable
from stores.services.redemptions import MATCHERS


def register() -> None:
    """Fill the registries; called once, when the apps are loaded."""
    MATCHERS.append("messaging.match_coupons")
    REPOINTED.append(("messaging_couponcode", "profile_id"))
    fill_variable("coupon", coupon_values.preview_values)


def find_wrong_coupons() -> list[str]:
    """Recompute what is counted of coupons, and name each difference."""
    rows = run_sql("messaging.find_wrong_coupons")
    return [f"coupon {row.name}: {row.problem}" for row in rows]
