-- flows/sql/find_needs.sql
-- What of the data that flows of the library need is there.
--
-- in:  tenant_id   bigint       added by kernel.sql.run_sql
--      since       timestamptz  events before it do not count
--      events      text[]       names of events
--      properties  text[]       names of properties of people
--      flags       text[]       what products can be
-- out: kind  text, what  text   each that is there, once
--
-- A property is looked for among the 5,000 newest people: the page waits for the answer.
WITH newest AS MATERIALIZED (
    SELECT properties FROM crm_profile
    WHERE tenant_id = %(tenant_id)s AND cardinality(%(properties)s::text[]) > 0
    ORDER BY created_at DESC, id DESC
    LIMIT 5000
)
SELECT 'event' AS kind, asked.what
FROM unnest(%(events)s::text[]) AS asked (what)
WHERE EXISTS (
    SELECT 1 FROM crm_event AS e
    WHERE e.tenant_id = %(tenant_id)s AND e.name = asked.what AND e.occurred_at >= %(since)s
)
UNION ALL
SELECT 'property', asked.what
FROM unnest(%(properties)s::text[]) AS asked (what)
WHERE EXISTS (SELECT 1 FROM newest AS n WHERE n.properties ? asked.what)
UNION ALL
SELECT 'flag', asked.what
FROM unnest(%(flags)s::text[]) AS asked (what)
WHERE EXISTS (
    SELECT 1 FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.deleted_at IS NULL AND p.flags @> ARRAY[asked.what]
)
UNION ALL
SELECT 'products', ''
WHERE EXISTS (
    SELECT 1 FROM crm_product AS p
    WHERE p.tenant_id = %(tenant_id)s AND p.deleted_at IS NULL AND p.image_url <> ''
)
UNION ALL
SELECT 'stock', ''
WHERE EXISTS (
    SELECT 1 FROM crm_variant AS v
    WHERE v.tenant_id = %(tenant_id)s AND v.inventory_quantity IS NOT NULL
)
UNION ALL
SELECT 'prices', ''
WHERE EXISTS (
    SELECT 1 FROM crm_variant AS v
    WHERE v.tenant_id = %(tenant_id)s AND v.price_minor IS NOT NULL
)
UNION ALL
SELECT 'reviews', ''
WHERE EXISTS (SELECT 1 FROM crm_review AS r WHERE r.tenant_id = %(tenant_id)s)
UNION ALL
SELECT 'codes', ''
WHERE EXISTS (
    SELECT 1 FROM stores_writelane AS l
    WHERE l.tenant_id = %(tenant_id)s AND l.kind = 'codes' AND l.is_on
)
UNION ALL
SELECT 'channel', a.channel
FROM messaging_channelaccount AS a
WHERE a.tenant_id = %(tenant_id)s AND a.is_default
GROUP BY a.channel
UNION ALL
SELECT 'flow_on', f.key
FROM flows_flow AS f
WHERE f.tenant_id = %(tenant_id)s AND f.key <> '' AND f.status = 'live';
