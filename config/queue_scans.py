"""How much work of each kind waits over all tenants, and since when. Run as `patron_sys`.

What waits for a tenant that is suspended does not count: no worker is behind with it.
"""

from typing import Final

from django.conf import settings

_WAITING: Final = {
    "inbox": ("stores_inboxdelivery", "received_at", "status = 'pending'"),
    "fetch": ("stores_connection", "fetch_at", "fetch_at <= now()"),
    "sync": (
        "stores_syncrun",
        "wake_at",
        (
            "status IN ('queued', 'running', 'waiting') AND wake_at <= now() "
            "AND (lease_until IS NULL OR lease_until <= now())"
        ),
    ),
    "registrations": ("stores_connection", "register_due_at", "register_due_at <= now()"),
    "writes": (
        "stores_writelane",
        "due_at",
        "due_at <= now() AND (held_until IS NULL OR held_until <= now())",
    ),
    "outgoing": (
        "stores_webhookdelivery",
        "due_at",
        (
            "status = 'pending' AND due_at <= now() AND EXISTS ("
            "SELECT 1 FROM stores_webhookendpoint AS e "
            "WHERE e.tenant_id = stores_webhookdelivery.tenant_id "
            "AND e.id = stores_webhookdelivery.endpoint_id AND e.is_enabled "
            "AND (e.held_until IS NULL OR e.held_until <= now()))"
        ),
    ),
    "audit": (
        "stores_storeday",
        "due_at",
        ("status = 'due' AND due_at <= now() AND (lease_until IS NULL OR lease_until <= now())"),
    ),
    "prune": (
        "stores_inboxdelivery",
        f"received_at + interval '{settings.TRACKING_KEPT_DAYS:d} days'",
        (
            "source = 'tracking' AND status = 'applied' "
            f"AND received_at < now() - interval '{settings.TRACKING_KEPT_DAYS:d} days'"
        ),
    ),
    "forget": ("stores_erasedtrace", "created_at", "due_at <= now()"),
    "reactions": ("crm_reaction", "created_at", "true"),
    "segments": ("segments_membership", "reeval_at", "reeval_at <= now()"),
    "points": ("loyalty_pointsaccount", "due_at", "due_at <= now()"),
    "tiers": ("loyalty_pointsaccount", "tier_due_at", "tier_due_at <= now()"),
    "goods": ("segments_goodschange", "created_at", "true"),
    "rollups": ("analytics_rollupchange", "created_at", "true"),
    "parcels": (
        "crm_shipment",
        "promised_at",
        (
            "promised_at < now() AND delayed_at IS NULL AND delivered_at IS NULL "
            "AND state IN ('', 'pending', 'shipped', 'out_for_delivery', 'failed')"
        ),
    ),
    "catalog": (
        "crm_catalogchange",
        "created_at + interval '5 minutes'",
        "created_at <= now() - interval '5 minutes'",
    ),
    "duplicates": ("crm_duplicatesearch", "due_at", "due_at <= now()"),
    "merge_rules": ("crm_mergerules", "due_at", "rules <> '{}' AND due_at <= now()"),
    "carts": ("crm_cart", "idle_at", "status = 'open' AND idle_at <= now()"),
    "wanted": ("flows_wantedchange", "due_at", "due_at <= now()"),
    "flows": ("flows_flowrun", "wake_at", "status = 'active' AND wake_at <= now()"),
    "campaigns": ("flows_campaign", "due_at", "due_at <= now()"),
    "dates": ("flows_datescan", "due_at", "due_at <= now()"),
    "access": ("flows_accesslist", "due_at", "due_at <= now()"),
    "ab_tests": ("flows_abtest", "due_at", "due_at <= now()"),
    "stops": ("messaging_sendingstop", "coalesce(ended_at, created_at)", "has_work"),
    "rates": ("messaging_ratelimit", "changed_at", "waking <> '[]'"),
    "messages": (
        "messaging_message",
        "due_at",
        "status IN ('pending', 'sending') AND due_at <= now()",
    ),
    "guards": ("messaging_sendingguard", "due_at", "due_at <= now()"),
    "callbacks": (
        "messaging_providercallback",
        "due_at",
        "status = 'pending' AND due_at <= now()",
    ),
    "deliveries": ("messaging_deliverychange", "created_at", "true"),
    "mailboxes": ("messaging_replymailbox", "due_at", "due_at <= now()"),
    "coupons": ("messaging_coupon", "due_at", "due_at <= now()"),
    "notices": ("analytics_noticecheck", "due_at", "due_at <= now()"),
    "jobs": ("tenants_job", "turned_at", "status IN ('queued', 'running')"),
    "answers": (
        "tenants_idempotencykey",
        "created_at + interval '1 day'",
        "created_at <= now() - interval '1 day'",
    ),
    "imports": ("imports_import", "expires_at", "expires_at <= now()"),
    "events": ("analytics_eventcount", "due_at", "due_at <= now()"),
    "moves": (
        "imports_move",
        "wake_at",
        (
            "stage IN ('fetching', 'waiting') AND wake_at <= now() "
            "AND (lease_until IS NULL OR lease_until <= now())"
        ),
    ),
    "domains": ("messaging_sendingdomain", "check_due_at", "check_due_at <= now()"),
}
"""Table, time since which a row waits, and condition by kind of work (`config.work`)."""

_AT_WORK: Final = "tenant_id NOT IN (SELECT id FROM tenants_tenant WHERE status <> 'active')"
_DUE: Final = {
    **{
        kind: (table, since, f"{condition} AND {_AT_WORK}")
        for kind, (table, since, condition) in _WAITING.items()
    },
    "purge": (
        "tenants_tenant",
        "purge_at",
        "status = 'purging' OR (status = 'deleting' AND purge_at <= now())",
    ),
}

DEPTHS: Final = {
    kind: f"SELECT count(*) FROM {table} WHERE {condition}"  # noqa: S608 constants of this file
    for kind, (table, _, condition) in _DUE.items()
}
AGES: Final = {
    kind: (
        f"SELECT extract(epoch FROM now() - min({since})) FROM {table} "  # noqa: S608 likewise
        f"WHERE {condition}"
    )
    for kind, (table, since, condition) in _DUE.items()
}
DEFECTS: Final = "SELECT count(*) FROM segments_defect"
"""Counts what the weekly audits of memberships found, over all tenants."""
