-- loyalty/sql/sum_entries.sql
-- Sum up what moved on each day from every entry. The calendar is held, no day is there.
--
-- in:  tenant_id  bigint  added by kernel.sql.run_sql
--      zone       text    IANA zone that says what a day is
-- out: -
INSERT INTO loyalty_pointsday (tenant_id, day, kind, points)
SELECT %(tenant_id)s, (e.effective_at AT TIME ZONE %(zone)s)::date AS day, e.kind, sum(e.points)
FROM loyalty_pointsentry AS e
WHERE e.tenant_id = %(tenant_id)s
GROUP BY day, e.kind
ON CONFLICT (tenant_id, day, kind) DO NOTHING;
