-- messaging/sql/find_problems.sql
-- Count messages that failed, of which nobody knows, or that the alarm stopped, and name coupons
-- that run out of codes, say whether too many mails bounce or are marked as spam, and count reviews
-- that a member has to publish or hide.
--
-- in:  tenant_id    bigint       added by kernel.sql
--      flood_since  timestamptz  from when on stopped messages count
-- out: word (status or reason of messages), found, coupon_id, name, kind, detail, needed
-- why: asked for by every page, so in one statement; each part reads an index of its own.
SELECT
    m.status AS word, count(*) AS found, NULL::bigint AS coupon_id, '' AS name, '' AS kind,
    '' AS detail, 0 AS needed
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.status IN ('failed', 'unknown')
GROUP BY m.status
UNION ALL
SELECT m.reason, count(*), NULL, '', '', '', 0
FROM messaging_message AS m
WHERE m.tenant_id = %(tenant_id)s
  AND m.reason = 'flood'
  AND m.reason <> ''
  AND m.created_at > %(flood_since)s
GROUP BY m.reason
UNION ALL
SELECT 'guard', 1, NULL, '', g.level, g.words, 0
FROM messaging_sendingguard AS g
WHERE g.tenant_id = %(tenant_id)s
  AND g.level <> ''
UNION ALL
SELECT 'losing', 1, NULL, '', '', g.losing_words, 0
FROM messaging_sendingguard AS g
WHERE g.tenant_id = %(tenant_id)s
  AND g.losing_words <> ''
UNION ALL
SELECT 'reviews', count(*), NULL, '', '', max(r.id)::text, 0
FROM crm_review AS r
WHERE r.tenant_id = %(tenant_id)s
  AND r.is_consented
  AND r.status = 'pending'
HAVING count(*) > 0
UNION ALL
SELECT '', 1, c.id, c.name, c.kind, c.detail, greatest(c.low_water, c.daily_demand)
FROM messaging_coupon AS c
WHERE c.tenant_id = %(tenant_id)s
  AND c.is_low
ORDER BY 1, 3
