"""What follows when a merchant changes a setting that figures were computed by.

For each field of the tenant: what forbids the change, and what is built anew after it. A figure
that is kept by the merchant's day or week is named here, or it would stay wrong until its time.
"""

from tenants.types import Rebuilt, TenantChange

TENANT_CHANGES: dict[str, TenantChange] = {
    "timezone": TenantChange(
        rebuilt=(
            Rebuilt("Every figure by the day", "analytics.services.rollups.request_rebuild"),
            Rebuilt(
                "Recency scores, RFM groups and segments that count days",
                "segments.services.upkeep.rebuild_by_day",
            ),
            Rebuilt("What each product sold by day", "crm.services.catalog.rebuild_by_day"),
            Rebuilt("Deliverability by the day", "messaging.services.deliveries.request_rebuild"),
            Rebuilt("Points by the day", "loyalty.services.totals.rebuild_days"),
        )
    ),
    "week_start": TenantChange(
        rebuilt=(
            Rebuilt("Segments that look at the week", "segments.services.upkeep.rebuild_by_week"),
        )
    ),
    "currency": TenantChange(obstacle="crm.queries.obstacles.currency_obstacle"),
}
