-- Purpose: let refunds be what they were.
-- In: refunds (JSON array of rows as snapshot_refunds gives them). Out: nothing.
UPDATE crm_refund AS r
SET refunded_at = n.refunded_at, currency = n.currency, amount_minor = n.amount_minor,
    base_amount_minor = n.base_amount_minor, note = n.note, lines = n.lines,
    source_version_at = n.source_version_at, source_hash = n.source_hash,
    is_backfill = n.is_backfill
FROM jsonb_populate_recordset(NULL::crm_refund, %(refunds)s::jsonb) AS n
WHERE r.tenant_id = %(tenant_id)s AND r.id = n.id
