-- Purpose: what each buyer was scored on as of an instant, from orders and refunds themselves.
-- In: tenant_id; zone, IANA name; as_of, the last instant looked at; months, length of the
--     look-back before it; profile_ids, NULL for all buyers.
-- Out: profile_id, last_order_on, order_count, net_minor; one row per buyer in the look-back.
-- Why: facts hold the present only. The rules are those of the facts: a refund of an order that
--      does not count does not count either, an amount without a rate adds nothing.
SELECT
    o.profile_id,
    (max(o.ordered_at) AT TIME ZONE %(zone)s)::date AS last_order_on,
    count(*)::int AS order_count,
    (COALESCE(sum(o.base_gross_minor), 0) - COALESCE(min(r.refunded_minor), 0))::bigint AS net_minor
FROM crm_order AS o
LEFT JOIN (
    SELECT
        b.profile_id,
        sum(b.base_amount_minor) AS refunded_minor
    FROM crm_refund AS b
    LEFT JOIN crm_order AS c ON c.tenant_id = %(tenant_id)s AND c.id = b.order_id
    WHERE b.tenant_id = %(tenant_id)s
      AND (b.order_id IS NULL OR c.is_counted)
      AND b.profile_id IS NOT NULL
      AND b.refunded_at <= %(as_of)s
      AND b.refunded_at > %(as_of)s::timestamptz - make_interval(months => %(months)s)
      AND (%(profile_ids)s::bigint[] IS NULL OR b.profile_id = ANY(%(profile_ids)s::bigint[]))
    GROUP BY b.profile_id
) AS r ON r.profile_id = o.profile_id
WHERE o.tenant_id = %(tenant_id)s
  AND o.is_counted
  AND o.profile_id IS NOT NULL
  AND o.ordered_at <= %(as_of)s
  AND o.ordered_at > %(as_of)s::timestamptz - make_interval(months => %(months)s)
  AND (%(profile_ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(profile_ids)s::bigint[]))
GROUP BY o.profile_id
