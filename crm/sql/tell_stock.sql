-- Purpose: keep totals that a store tells of variants; one older than what is kept changes nothing.
-- In: store_id; columns of what is told as arrays of equal length, one element for a variant; an
--   empty policy or item and a tracking of NULL say nothing.
-- Out: id of the variants that are named and known.
WITH told AS (
    SELECT v.id, n.*, (v.told_at IS NULL OR n.version_at >= v.told_at) AS is_news
    FROM unnest(
        %(external_id)s::text[], %(quantity)s::integer[], %(policy)s::text[], %(item)s::text[],
        %(tracked)s::boolean[], %(version_at)s::timestamptz[]
    ) AS n (external_id, quantity, policy, item, tracked, version_at)
    JOIN crm_variant AS v
        ON v.tenant_id = %(tenant_id)s
       AND v.store_id = %(store_id)s
       AND v.external_id = n.external_id
),
written AS (
    UPDATE crm_variant AS v
    SET told_quantity = t.quantity,
        told_at = t.version_at,
        told_tracked = COALESCE(t.tracked, v.told_tracked),
        inventory_policy = COALESCE(NULLIF(t.policy, ''), v.inventory_policy),
        inventory_item = COALESCE(NULLIF(t.item, ''), v.inventory_item)
    FROM told AS t
    WHERE v.tenant_id = %(tenant_id)s AND v.id = t.id AND t.is_news
)
SELECT t.id FROM told AS t
