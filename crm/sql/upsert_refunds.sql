-- Purpose: write refunds; a known one is replaced, its id stays.
-- In: store_id, is_backfill; columns of the refunds as arrays of equal length; now. Out: nothing.
INSERT INTO crm_refund (
    tenant_id, store_id, is_backfill, created_at, id, external_id, order_id, order_external_id,
    profile_id, refunded_at, currency, amount_minor, base_amount_minor, note, lines,
    source_version_at, source_hash
)
SELECT
    %(tenant_id)s, %(store_id)s, %(is_backfill)s, %(now)s, n.id, n.external_id, n.order_id,
    n.order_external_id, n.profile_id, n.refunded_at, n.currency, n.amount_minor,
    n.base_amount_minor, n.note, n.lines::jsonb, n.version_at, n.digest
FROM unnest(
    %(id)s::bigint[], %(external_id)s::text[], %(order_id)s::bigint[],
    %(order_external_id)s::text[], %(profile_id)s::bigint[], %(refunded_at)s::timestamptz[],
    %(currency)s::text[], %(amount_minor)s::bigint[], %(base_amount_minor)s::bigint[],
    %(note)s::text[], %(lines)s::text[], %(version_at)s::timestamptz[], %(digest)s::text[]
) AS n (
    id, external_id, order_id, order_external_id, profile_id, refunded_at, currency, amount_minor,
    base_amount_minor, note, lines, version_at, digest
)
ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET
    order_id = EXCLUDED.order_id,
    order_external_id = EXCLUDED.order_external_id,
    profile_id = EXCLUDED.profile_id,
    refunded_at = EXCLUDED.refunded_at,
    currency = EXCLUDED.currency,
    amount_minor = EXCLUDED.amount_minor,
    base_amount_minor = EXCLUDED.base_amount_minor,
    note = EXCLUDED.note,
    lines = EXCLUDED.lines,
    source_version_at = EXCLUDED.source_version_at,
    source_hash = EXCLUDED.source_hash
