-- Purpose: keep totals that a store tells of variants; one older than what is kept changes nothing.
-- In: store_id; columns of what is told as arrays of equal length, one element for a variant; an
--   empty policy or item, a tracking of NULL and no day say nothing, as does the quantity where
--   tells_level is false.
-- Out: id, external_id, product_id of the variants that are named and known; is_changed: the policy
--   or the day is another one.
WITH told AS (
    SELECT
        v.id, v.product_id, n.*,
        (v.told_at IS NULL OR n.version_at >= v.told_at) AS is_news,
        v.inventory_policy AS policy_before, v.back_on AS back_before
    FROM unnest(
        %(external_id)s::text[], %(quantity)s::integer[], %(policy)s::text[], %(item)s::text[],
        %(tracked)s::boolean[], %(version_at)s::timestamptz[], %(back_on)s::date[],
        %(tells_level)s::boolean[]
    ) AS n (external_id, quantity, policy, item, tracked, version_at, back_on, tells_level)
    JOIN crm_variant AS v
        ON v.tenant_id = %(tenant_id)s
       AND v.store_id = %(store_id)s
       AND v.external_id = n.external_id
),
written AS (
    UPDATE crm_variant AS v
    SET told_quantity = CASE WHEN t.tells_level THEN t.quantity ELSE v.told_quantity END,
        told_at = CASE WHEN t.tells_level THEN t.version_at ELSE v.told_at END,
        told_tracked = COALESCE(t.tracked, v.told_tracked),
        inventory_policy = COALESCE(NULLIF(t.policy, ''), v.inventory_policy),
        inventory_item = COALESCE(NULLIF(t.item, ''), v.inventory_item),
        back_on = CASE WHEN t.tells_level AND t.quantity > 0 THEN NULL
            ELSE COALESCE(t.back_on, v.back_on) END
    FROM told AS t
    WHERE v.tenant_id = %(tenant_id)s AND v.id = t.id AND t.is_news
    RETURNING v.id, v.inventory_policy, v.back_on
)
SELECT
    t.id, t.external_id, t.product_id,
    w.id IS NOT NULL AND (w.inventory_policy, w.back_on)
        IS DISTINCT FROM (t.policy_before, t.back_before) AS is_changed
FROM told AS t
LEFT JOIN written AS w ON w.id = t.id
