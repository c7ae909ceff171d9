-- Purpose: keep some buyers, evenly over all of them, for whoever compares some with the rest.
-- In: tenant_id; share, of 65,536; now.
-- Out: nothing.
-- Why: the hash of an id parts buyers alike each time, so that a page shows the same figures when
--      it is opened again; once a night is a scan of narrow rows, at each opening it would be slow.
INSERT INTO segments_buyersample (tenant_id, profile_ids, drawn_at)
SELECT
    %(tenant_id)s,
    ARRAY(
        SELECT s.profile_id
        FROM segments_rfmscore AS s
        WHERE s.tenant_id = %(tenant_id)s
          AND (hashint8(s.profile_id)::bigint & 65535) < %(share)s
        ORDER BY s.profile_id
    ),
    %(now)s
ON CONFLICT (tenant_id) DO UPDATE
SET profile_ids = excluded.profile_ids,
    drawn_at = excluded.drawn_at
