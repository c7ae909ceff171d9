-- messaging/sql/find_asset_users.sql
-- Find the templates that show pictures, themselves or in one of their languages.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      keys       text[]  keys of pictures, which stand in their addresses
-- out: key, template_id, name; by name
-- why: a template is read for keys only where it shows any picture of ours.
SELECT DISTINCT k.key, s.template_id, s.name
FROM (
    SELECT t.id AS template_id, t.name, t.mjml || t.text || t.content::text AS said
    FROM messaging_template AS t
    WHERE t.tenant_id = %(tenant_id)s
    UNION ALL
    SELECT t.id, t.name, v.mjml || v.text || v.content::text
    FROM messaging_templatevariant AS v
    JOIN messaging_template AS t ON t.tenant_id = v.tenant_id AND t.id = v.template_id
    WHERE v.tenant_id = %(tenant_id)s
      AND t.tenant_id = %(tenant_id)s
) AS s
JOIN unnest(%(keys)s::text[]) AS k (key) ON strpos(s.said, k.key) > 0
WHERE strpos(s.said, '/pictures/') > 0
ORDER BY s.name, s.template_id
