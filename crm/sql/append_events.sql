-- Purpose: append events, each dedupe key once for ever, and note which of them are to be heard.
-- In: columns of the events as arrays of equal length, an empty dedupe_key for none, is_heard where
--     handlers still have to see a new one; now.
-- Out: id and place (from 1, in the order given) of those that are new, by place.
-- Why: the key table is what makes an event once for ever; the partitioned table cannot. Keys are
--      claimed in their order, so that two who append the same ones wait for each other once. All
--      in one statement: whoever sends, tracks or takes orders in appends a few at a time.
WITH told AS MATERIALIZED (
    SELECT nextval((SELECT pg_get_serial_sequence('crm_event', 'id')::regclass)) AS id, n.*
    FROM unnest(
        %(dedupe_key)s::text[], %(name)s::text[], %(occurred_at)s::timestamptz[],
        %(profile_id)s::bigint[], %(store_id)s::bigint[], %(object_id)s::bigint[],
        %(source)s::text[], %(properties)s::text[], %(is_backfill)s::boolean[],
        %(is_heard)s::boolean[]
    ) WITH ORDINALITY AS n (
        dedupe_key, name, occurred_at, profile_id, store_id, object_id, source, properties,
        is_backfill, is_heard, place
    )
),

claimed AS (
    INSERT INTO crm_eventkey (tenant_id, dedupe_key, event_id, occurred_at)
    SELECT %(tenant_id)s, t.dedupe_key, t.id, t.occurred_at
    FROM told AS t
    WHERE t.dedupe_key <> ''
    ORDER BY t.dedupe_key, t.place
    ON CONFLICT (tenant_id, dedupe_key) DO NOTHING
    RETURNING event_id
),

fresh AS (
    SELECT t.*
    FROM told AS t
    WHERE t.dedupe_key = '' OR t.id IN (SELECT c.event_id FROM claimed AS c)
),

written AS (
    {crm.write_events}
),

heard AS (
    SELECT f.* FROM fresh AS f WHERE f.is_heard
),

noted AS (
    {crm.note_reactions}
)

SELECT f.id, f.place
FROM fresh AS f
ORDER BY f.place
