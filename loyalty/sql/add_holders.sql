-- loyalty/sql/add_holders.sql
-- Count accounts that came above zero, or fell to it, in a row that nobody else is writing.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      holders    bigint  signed
-- out: -
--
-- Never waits: merges go through here while they hold profiles that a posting waits for.
WITH free AS (
    SELECT h.id
    FROM loyalty_holdercount AS h
    WHERE h.tenant_id = %(tenant_id)s
    ORDER BY h.id
    LIMIT 1
    FOR NO KEY UPDATE SKIP LOCKED
),
counted AS (
    UPDATE loyalty_holdercount AS h
    SET holders = h.holders + %(holders)s
    FROM free
    WHERE h.tenant_id = %(tenant_id)s AND h.id = free.id
    RETURNING h.id
)
INSERT INTO loyalty_holdercount (tenant_id, holders)
SELECT %(tenant_id)s, %(holders)s
WHERE NOT EXISTS (SELECT 1 FROM counted)
ON CONFLICT DO NOTHING;
