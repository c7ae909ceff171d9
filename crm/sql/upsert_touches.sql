-- Purpose: keep where visits came from; a known key takes the new values.
-- In: columns of the touches as arrays of equal length, keys distinct and ascending.
-- Out: nothing. Nothing is kept of people who were erased.
-- Why: LATERAL with LIMIT keeps it at one look-up of a profile per touch, whatever the statistics of
--   a tenant that has just begun to grow say.
INSERT INTO crm_touchpoint AS t (
    tenant_id, touch_key, profile_id, order_id, occurred_at, source, medium, campaign, content,
    term, landing_page, referrer
)
SELECT
    %(tenant_id)s, n.touch_key, n.profile_id, n.order_id, n.occurred_at, n.source, n.medium,
    n.campaign, n.content, n.term, n.landing_page, n.referrer
FROM unnest(
    %(touch_key)s::text[], %(profile_id)s::bigint[], %(order_id)s::bigint[],
    %(occurred_at)s::timestamptz[], %(source)s::text[], %(medium)s::text[], %(campaign)s::text[],
    %(content)s::text[], %(term)s::text[], %(landing_page)s::text[], %(referrer)s::text[]
) AS n (
    touch_key, profile_id, order_id, occurred_at, source, medium, campaign, content, term,
    landing_page, referrer
)
CROSS JOIN LATERAL (
    SELECT 1
    FROM crm_profile AS o
    WHERE o.tenant_id = %(tenant_id)s AND o.id = n.profile_id AND o.erased_at IS NULL
    LIMIT 1
) AS p
ON CONFLICT (tenant_id, touch_key) DO UPDATE SET
    profile_id = EXCLUDED.profile_id,
    order_id = EXCLUDED.order_id,
    occurred_at = EXCLUDED.occurred_at,
    source = EXCLUDED.source,
    medium = EXCLUDED.medium,
    campaign = EXCLUDED.campaign,
    content = EXCLUDED.content,
    term = EXCLUDED.term,
    landing_page = EXCLUDED.landing_page,
    referrer = EXCLUDED.referrer
WHERE (
    t.profile_id, t.order_id, t.occurred_at, t.source, t.medium, t.campaign, t.content, t.term,
    t.landing_page, t.referrer
) IS DISTINCT FROM (
    EXCLUDED.profile_id, EXCLUDED.order_id, EXCLUDED.occurred_at, EXCLUDED.source,
    EXCLUDED.medium, EXCLUDED.campaign, EXCLUDED.content, EXCLUDED.term, EXCLUDED.landing_page,
    EXCLUDED.referrer
)
