-- Purpose: every document that a figure of a profile is made of: orders, categories bought, refunds.
-- In: as money_of_profiles.
-- Out: likewise, and the category of a row that stands for one that an order is of.
{crm.money_of_profiles}
UNION ALL
SELECT o.profile_id, NULL, o.ordered_at, NULL, NULL, b.category COLLATE "C"
FROM crm_order AS o
CROSS JOIN LATERAL (
    SELECT DISTINCT l.category
    FROM crm_orderline AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.order_id = o.id AND l.category <> ''
) AS b
WHERE o.tenant_id = %(tenant_id)s
  AND o.is_counted
  AND o.profile_id IS NOT NULL
  AND (%(ids)s::bigint[] IS NULL OR o.profile_id = ANY(%(ids)s::bigint[]))
  AND (%(until)s::timestamptz IS NULL OR o.ordered_at < %(until)s)
