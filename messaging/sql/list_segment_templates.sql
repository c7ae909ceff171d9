-- messaging/sql/list_segment_templates.sql
-- Which templates show a part by a segment, in whatever language.
--
-- in:  tenant_id  bigint  added by kernel.sql
-- out: segment_id, template_id, name
-- why: a segment that a template names is not put aside under it. Templates are few, and keep what
--      they name in their content, so that their texts are not read.
SELECT DISTINCT s.id::bigint AS segment_id, t.id AS template_id, t.name
FROM messaging_template AS t
CROSS JOIN LATERAL (
    SELECT t.content
    UNION ALL
    SELECT v.content
    FROM messaging_templatevariant AS v
    WHERE v.tenant_id = %(tenant_id)s AND v.template_id = t.id
) AS said
CROSS JOIN LATERAL jsonb_array_elements_text(
    CASE
        WHEN jsonb_typeof(said.content -> 'segments') = 'array' THEN said.content -> 'segments'
        ELSE '[]'::jsonb
    END
) AS s (id)
WHERE t.tenant_id = %(tenant_id)s AND NOT t.is_archived
ORDER BY segment_id, t.name, template_id
