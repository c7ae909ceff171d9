-- loyalty/sql/lots_ahead.sql
-- Say what time alone will change of the lots of each account.
--
-- in:  settled (profile_id, remaining, is_pending, activates_at, expires_at, warned)
-- out: profile_id, pending, expiring, expire_at, due_at    of each account with points left
--
-- The days are those of loyalty.domain.lots.WARNINGS.
SELECT
    s.profile_id,
    sum(s.remaining) FILTER (WHERE s.is_pending) AS pending,
    sum(s.remaining) FILTER (WHERE s.expires_at = s.expire_at) AS expiring,
    min(s.expire_at) AS expire_at,
    min(least(
        CASE WHEN s.is_pending THEN s.activates_at END,
        s.expires_at - make_interval(days => (ARRAY[30, 7, 1, 0])[s.warned + 1])
    )) AS due_at
FROM (
    SELECT t.*, min(t.expires_at) OVER (PARTITION BY t.profile_id) AS expire_at
    FROM settled AS t
    WHERE t.remaining > 0
) AS s
GROUP BY s.profile_id
