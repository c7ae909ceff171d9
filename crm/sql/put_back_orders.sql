-- Purpose: let orders be what they were.
-- In: orders (JSON array of rows as snapshot_orders gives them); now. Out: nothing.
-- What was erased since stays so. The refunds are summed up and the lines replaced by the caller.
UPDATE crm_order AS o
SET number = n.number, profile_id = n.profile_id, ordered_at = n.ordered_at,
    email = CASE WHEN o.is_erased THEN '' ELSE n.email END,
    phone = CASE WHEN o.is_erased THEN '' ELSE n.phone END,
    currency = n.currency, gross_minor = n.gross_minor,
    subtotal_minor = n.subtotal_minor, discount_minor = n.discount_minor,
    shipping_minor = n.shipping_minor, tax_minor = n.tax_minor,
    base_gross_minor = n.base_gross_minor, financial_status = n.financial_status,
    fulfillment_status = n.fulfillment_status, cancelled_at = n.cancelled_at,
    is_test = n.is_test, has_bought_line = n.has_bought_line, is_counted = n.is_counted,
    channel = n.channel, payment_method = n.payment_method, payment_name = n.payment_name,
    city = CASE WHEN o.is_erased THEN '' ELSE n.city END,
    country = n.country, discount_codes = n.discount_codes,
    attribution = n.attribution, source_version_at = n.source_version_at,
    source_hash = n.source_hash, is_backfill = n.is_backfill, updated_at = %(now)s
FROM jsonb_populate_recordset(NULL::crm_order, %(orders)s::jsonb) AS n
WHERE o.tenant_id = %(tenant_id)s AND o.id = n.id
