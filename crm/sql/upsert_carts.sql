-- Purpose: keep the carts that were read of the events of some profiles.
-- In: columns of the carts as arrays of equal length; now.
-- Out: nothing.
-- Why: a cart that was found abandoned and was not touched since stays so.
INSERT INTO crm_cart AS c (
    tenant_id, profile_id, store_id, order_id, status, started_at, changed_at, idle_at,
    checkout_at, abandoned_at, converted_at, currency, total_minor, piece_count, items, url,
    is_backfill, updated_at
)
SELECT
    %(tenant_id)s, n.profile_id, n.store_id, n.order_id, n.status, n.started_at, n.changed_at,
    n.idle_at, n.checkout_at, n.abandoned_at, n.converted_at, n.currency, n.total_minor,
    n.piece_count, n.items::jsonb, n.url, n.is_backfill, %(now)s
FROM unnest(
    %(profile_id)s::bigint[], %(store_id)s::bigint[], %(order_id)s::bigint[], %(status)s::text[],
    %(started_at)s::timestamptz[], %(changed_at)s::timestamptz[], %(idle_at)s::timestamptz[],
    %(checkout_at)s::timestamptz[], %(abandoned_at)s::timestamptz[],
    %(converted_at)s::timestamptz[], %(currency)s::text[], %(total_minor)s::bigint[],
    %(piece_count)s::int[], %(items)s::text[], %(url)s::text[], %(is_backfill)s::boolean[]
) AS n (
    profile_id, store_id, order_id, status, started_at, changed_at, idle_at, checkout_at,
    abandoned_at, converted_at, currency, total_minor, piece_count, items, url, is_backfill
)
ON CONFLICT (tenant_id, profile_id, started_at) DO UPDATE SET
    store_id = EXCLUDED.store_id,
    order_id = EXCLUDED.order_id,
    status = CASE
        WHEN EXCLUDED.status = 'open' AND c.status = 'abandoned'
            AND c.changed_at = EXCLUDED.changed_at THEN c.status
        ELSE EXCLUDED.status
    END,
    abandoned_at = CASE
        WHEN EXCLUDED.status = 'open' AND c.status = 'abandoned'
            AND c.changed_at = EXCLUDED.changed_at THEN c.abandoned_at
        ELSE EXCLUDED.abandoned_at
    END,
    changed_at = EXCLUDED.changed_at,
    idle_at = EXCLUDED.idle_at,
    checkout_at = EXCLUDED.checkout_at,
    converted_at = EXCLUDED.converted_at,
    currency = EXCLUDED.currency,
    total_minor = EXCLUDED.total_minor,
    piece_count = EXCLUDED.piece_count,
    items = EXCLUDED.items,
    url = EXCLUDED.url,
    is_backfill = EXCLUDED.is_backfill,
    updated_at = EXCLUDED.updated_at
