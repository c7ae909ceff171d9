-- Purpose: what refunds add to the sums, from the documents and the marks of orders.
-- In: zone (IANA); persons, order_ids, refund_ids: refunds of any of them; all NULL for everything.
-- Out: one row per refund that counts and has a rate, the columns of RefundMark in their order.
-- Why: a refund of an order that does not count does not count either; exactly the orders that
--   count have marks. What went back to somebody lowers what buyers were worth once they are one.
SELECT
    r.id AS refund_id,
    r.profile_id,
    r.refunded_at AS at,
    (r.refunded_at AT TIME ZONE %(zone)s)::date AS day,
    r.base_amount_minor AS amount_minor,
    m.day AS order_on,
    COALESCE(m.is_email, false) AS is_email,
    (
        SELECT greatest(f.day, (r.refunded_at AT TIME ZONE %(zone)s)::date)
        FROM analytics_ordermark AS f
        WHERE f.tenant_id = %(tenant_id)s AND f.profile_id = r.profile_id AND f.nth = 1
    ) AS life_on
FROM crm_refund AS r
LEFT JOIN analytics_ordermark AS m ON m.tenant_id = r.tenant_id AND m.order_id = r.order_id
WHERE r.tenant_id = %(tenant_id)s
  AND r.base_amount_minor IS NOT NULL
  AND (r.order_id IS NULL OR m.order_id IS NOT NULL)
  AND (
      %(persons)s::bigint[] IS NULL
      OR r.id = ANY(%(refund_ids)s::bigint[])
  )
