-- Purpose: how many products a rule of flags catches, and the newest of them.
-- In: category, brand, from_minor, to_minor, currency: the rule; ceiling: count no further.
-- Out: products, titles (text[]) of at most three.
SELECT
    count(*) AS products,
    (array_agg(c.title ORDER BY c.id DESC))[1:3] AS titles
FROM (
    SELECT n.id, COALESCE(NULLIF(n.title, ''), n.external_id) AS title
    FROM crm_product AS n
    CROSS JOIN (
        SELECT
            %(category)s::text AS category, %(brand)s::text AS brand,
            %(from_minor)s::bigint AS from_minor, %(to_minor)s::bigint AS to_minor,
            %(currency)s::text AS currency
    ) AS r
    WHERE n.tenant_id = %(tenant_id)s AND n.deleted_at IS NULL AND EXISTS (
        {crm.rule_holds}
      )
    LIMIT %(ceiling)s
) AS c
