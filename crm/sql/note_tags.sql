-- Purpose: keep the names of tags that are used, to choose from.
-- In: names (text array). Out: nothing.
INSERT INTO crm_tag (tenant_id, name)
SELECT %(tenant_id)s, n.name
FROM unnest(%(names)s::text[]) AS n (name)
ON CONFLICT DO NOTHING
