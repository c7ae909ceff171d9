-- loyalty/sql/add_to_days.sql
-- Bring what moved on each day along with new entries. The calendar is shared.
--
-- in:  tenant_id  bigint    added by kernel.sql.run_sql
--      days       date[]    of the zone of the calendar, ascending, then by kind
--      kinds      text[]
--      points     bigint[]  signed, of each day and kind, in the same order
-- out: -
--
-- The last thing that a posting locks, in order of the key: two workers never wait for each other.
INSERT INTO loyalty_pointsday AS d (tenant_id, day, kind, points)
SELECT %(tenant_id)s, n.day, n.kind, n.points
FROM unnest(%(days)s::date[], %(kinds)s::text[], %(points)s::bigint[]) AS n (day, kind, points)
ORDER BY n.day, n.kind
ON CONFLICT (tenant_id, day, kind) DO UPDATE
SET points = d.points + excluded.points;
