-- messaging/sql/upsert_short_links.sql
-- Keep where the short links of some messages lead.
--
-- in:  tenant_id  bigint         added by kernel.sql
--      codes      text[]
--      messages   bigint[]
--      urls       text[]
--      now        timestamptz
-- out: nothing
-- why: a message that was put off is written again; the same place of it keeps its code.
INSERT INTO messaging_shortlink (tenant_id, code, message_id, url, created_at)
SELECT %(tenant_id)s, n.code, n.message_id, n.url, %(now)s
FROM unnest(%(codes)s::text[], %(messages)s::bigint[], %(urls)s::text[])
    AS n (code, message_id, url)
ON CONFLICT (tenant_id, code) DO UPDATE SET url = EXCLUDED.url
