-- Purpose: every document that moves the money of a profile: orders and refunds.
-- In: ids (NULL means all profiles); until (documents from then on are left out, NULL means none
--   are).
-- Out: profile_id, bought_at (of an order), dated_at, base_gross_minor, refunded_minor; category is
--   NULL.
-- Why: documents are stacked, to be grouped and not joined: by stale statistics of a new tenant
--   joins were seen to take minutes. Money is in the tenant's currency; an order without a rate
--   counts as an order and adds no money. A refund of an order that does not count does not count
--   either, one without a known order does.
SELECT
    o.profile_id, o.ordered_at AS bought_at, o.ordered_at AS dated_at, o.base_gross_minor,
    NULL::bigint AS refunded_minor, NULL::text COLLATE "C" AS category
FROM crm_order AS o
WHERE o.tenant_id = %(tenant_id)s
  AND o.is_counted
  AND o.profile_id IS NOT NULL
  AND (%(ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(ids)s::bigint[]))
  AND (%(until)s::timestamptz IS NULL OR o.ordered_at < %(until)s)
UNION ALL
SELECT r.profile_id, NULL, r.refunded_at, NULL, r.base_amount_minor, NULL
FROM crm_refund AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.profile_id IS NOT NULL
  AND r.base_amount_minor IS NOT NULL
  AND (%(ids)s::bigint[] IS NULL OR r.profile_id = ANY(%(ids)s::bigint[]))
  AND (%(until)s::timestamptz IS NULL OR r.refunded_at < %(until)s)
  AND (r.order_id IS NULL OR (
    SELECT o.is_counted
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.id = r.order_id
  ))
