-- messaging/sql/unite_preferences.sql
-- Let the winners of merges want no more than any of the people they became.
--
-- in:  tenant_id  bigint  added by kernel.sql
--      pair       the losers and winners, of the statement that takes this one in
-- out: nothing
-- why: the more restrictive word holds, as with consent. The rows of the losers stay theirs, so that
--      an undo of the merge gives each back what they said.
INSERT INTO messaging_preferences AS w (
    tenant_id, profile_id, frequency, paused_until, refused_topics, source, changed_at
)
SELECT
    %(tenant_id)s,
    m.winner,
    (ARRAY['all', 'weekly', 'monthly'])[max(array_position(
        ARRAY['all', 'weekly', 'monthly'], p.frequency
    ))],
    max(p.paused_until),
    ARRAY(
        SELECT DISTINCT t.topic
        FROM messaging_preferences AS o
        JOIN pair AS n ON n.loser = o.profile_id AND n.winner = m.winner
        CROSS JOIN unnest(o.refused_topics) AS t (topic)
        WHERE o.tenant_id = %(tenant_id)s
        ORDER BY 1
    ),
    'merge',
    max(p.changed_at)
FROM pair AS m
JOIN messaging_preferences AS p
    ON p.tenant_id = %(tenant_id)s AND p.profile_id = m.loser
GROUP BY m.winner
ON CONFLICT (tenant_id, profile_id) DO UPDATE
SET frequency = CASE
        WHEN 'monthly' IN (w.frequency, EXCLUDED.frequency) THEN 'monthly'
        WHEN 'weekly' IN (w.frequency, EXCLUDED.frequency) THEN 'weekly'
        ELSE 'all'
    END,
    paused_until = GREATEST(w.paused_until, EXCLUDED.paused_until),
    refused_topics = ARRAY(
        SELECT DISTINCT t.topic
        FROM unnest(w.refused_topics || EXCLUDED.refused_topics) AS t (topic)
        ORDER BY 1
    ),
    source = 'merge',
    changed_at = GREATEST(w.changed_at, EXCLUDED.changed_at)
