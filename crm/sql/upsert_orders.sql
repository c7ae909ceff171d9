-- Purpose: write orders; a known one is replaced, its id stays.
-- In: store_id, is_backfill; columns of the orders as arrays of equal length (discount_codes as
--   array text, attribution as JSON text); now.
-- Out: nothing.
INSERT INTO crm_order (
    tenant_id, store_id, is_backfill, created_at, updated_at,
    id, external_id, number, profile_id, ordered_at, email, phone, currency, gross_minor,
    subtotal_minor, discount_minor, shipping_minor, tax_minor, base_gross_minor,
    financial_status, fulfillment_status, cancelled_at, is_test, has_bought_line, is_counted,
    channel, country, city, discount_codes, attribution, payment_method, payment_name,
    checkout_token, source_version_at, source_hash, is_erased
)
SELECT
    %(tenant_id)s, %(store_id)s, %(is_backfill)s, %(now)s, %(now)s,
    n.id, n.external_id, n.number, n.profile_id, n.ordered_at, n.email, n.phone, n.currency,
    n.gross_minor, n.subtotal_minor, n.discount_minor, n.shipping_minor, n.tax_minor,
    n.base_gross_minor, n.financial_status, n.fulfillment_status, n.cancelled_at, n.is_test,
    n.has_bought_line, n.is_counted, n.channel, n.country, n.city, n.discount_codes::text[],
    n.attribution::jsonb, n.payment_method, n.payment_name, n.checkout_token,
    n.source_version_at, n.source_hash, n.is_erased
FROM unnest(
    %(id)s::bigint[], %(external_id)s::text[], %(number)s::text[], %(profile_id)s::bigint[],
    %(ordered_at)s::timestamptz[], %(email)s::text[], %(phone)s::text[], %(currency)s::text[],
    %(gross_minor)s::bigint[], %(subtotal_minor)s::bigint[], %(discount_minor)s::bigint[],
    %(shipping_minor)s::bigint[], %(tax_minor)s::bigint[], %(base_gross_minor)s::bigint[],
    %(financial_status)s::text[], %(fulfillment_status)s::text[],
    %(cancelled_at)s::timestamptz[], %(is_test)s::boolean[], %(has_bought_line)s::boolean[],
    %(is_counted)s::boolean[], %(channel)s::text[], %(country)s::text[], %(city)s::text[],
    %(discount_codes)s::text[], %(attribution)s::text[], %(payment_method)s::text[],
    %(payment_name)s::text[], %(checkout_token)s::text[],
    %(source_version_at)s::timestamptz[], %(source_hash)s::text[], %(is_erased)s::boolean[]
) AS n (
    id, external_id, number, profile_id, ordered_at, email, phone, currency, gross_minor,
    subtotal_minor, discount_minor, shipping_minor, tax_minor, base_gross_minor,
    financial_status, fulfillment_status, cancelled_at, is_test, has_bought_line, is_counted,
    channel, country, city, discount_codes, attribution, payment_method, payment_name,
    checkout_token, source_version_at, source_hash, is_erased
)
ON CONFLICT (tenant_id, store_id, external_id) DO UPDATE SET
    number = EXCLUDED.number,
    profile_id = EXCLUDED.profile_id,
    ordered_at = EXCLUDED.ordered_at,
    email = EXCLUDED.email,
    phone = EXCLUDED.phone,
    currency = EXCLUDED.currency,
    gross_minor = EXCLUDED.gross_minor,
    subtotal_minor = EXCLUDED.subtotal_minor,
    discount_minor = EXCLUDED.discount_minor,
    shipping_minor = EXCLUDED.shipping_minor,
    tax_minor = EXCLUDED.tax_minor,
    base_gross_minor = EXCLUDED.base_gross_minor,
    financial_status = EXCLUDED.financial_status,
    fulfillment_status = EXCLUDED.fulfillment_status,
    cancelled_at = EXCLUDED.cancelled_at,
    is_test = EXCLUDED.is_test,
    has_bought_line = EXCLUDED.has_bought_line,
    is_counted = EXCLUDED.is_counted,
    channel = EXCLUDED.channel,
    country = EXCLUDED.country,
    city = EXCLUDED.city,
    discount_codes = EXCLUDED.discount_codes,
    attribution = EXCLUDED.attribution,
    payment_method = EXCLUDED.payment_method,
    payment_name = EXCLUDED.payment_name,
    checkout_token = COALESCE(NULLIF(EXCLUDED.checkout_token, ''), crm_order.checkout_token),
    source_version_at = EXCLUDED.source_version_at,
    source_hash = EXCLUDED.source_hash,
    is_erased = EXCLUDED.is_erased,
    updated_at = EXCLUDED.updated_at
