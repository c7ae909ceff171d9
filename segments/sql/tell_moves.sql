-- Purpose: the events that tell of entries and exits, in the order of people and segments.
-- In: tenant_id; together, a query before this one, of those who move alike; now; heard_live,
--     heard_history, names of events that somebody reacts to.
-- Out: columns of the events, with their ids; is_heard. Leaving an archived segment tells nothing.
SELECT nextval((SELECT pg_get_serial_sequence('crm_event', 'id')::regclass)) AS id, o.*
FROM (
    SELECT
        n.name, %(now)s::timestamptz AS occurred_at, n.profile_id, NULL::bigint AS store_id,
        n.segment_id AS object_id, 'system' AS source, n.properties, n.is_history AS is_backfill,
        n.name = ANY(
            CASE WHEN n.is_history THEN %(heard_history)s::text[] ELSE %(heard_live)s::text[] END
        ) AS is_heard
    FROM (
        SELECT
            w.profile_id, t.segment_id, t.is_history, s.properties,
            CASE WHEN t.entered THEN 'Segment Entered' ELSE 'Segment Exited' END AS name
        FROM together AS t
        JOIN (
            SELECT s.id, jsonb_build_object('segment', s.name, 'key', s.key) AS properties
            FROM segments_segment AS s
            WHERE s.tenant_id = %(tenant_id)s AND s.archived_at IS NULL
            OFFSET 0
        ) AS s ON s.id = t.segment_id
        CROSS JOIN LATERAL unnest(t.profile_ids) AS w (profile_id)
        WHERE t.is_told
    ) AS n
    ORDER BY n.profile_id, n.segment_id
) AS o
