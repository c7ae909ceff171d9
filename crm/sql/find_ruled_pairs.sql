-- Purpose: open pairs of probable duplicates that a rule lets become one person.
-- In: rules (words of `MergeRule`); count (at most).
-- Out: id of the pair, one_id, other_id, rule (the first that holds).
-- Why: what a person would have to weigh is left to one: permission that contradicts, more than one
--   customer id of stores, a profile in several such pairs, who was once called two people, also
--   by undoing a merge, or became part of somebody who was.
WITH apart AS (
    SELECT
        LEAST(x.final, y.final) AS low, GREATEST(x.final, y.final) AS high
    FROM (
        SELECT d.one_id AS one, d.other_id AS other
        FROM crm_probableduplicate AS d
        WHERE d.tenant_id = %(tenant_id)s AND d.status = 'apart'
        UNION ALL
        SELECT m.winner_id, m.loser_id
        FROM crm_profilemerge AS m
        WHERE m.tenant_id = %(tenant_id)s AND m.undone_at IS NOT NULL
    ) AS a
    CROSS JOIN LATERAL (
        SELECT COALESCE(p.merged_into_id, p.id) AS final
        FROM crm_profile AS p
        WHERE p.tenant_id = %(tenant_id)s AND p.id = a.one
    ) AS x
    CROSS JOIN LATERAL (
        SELECT COALESCE(p.merged_into_id, p.id) AS final
        FROM crm_profile AS p
        WHERE p.tenant_id = %(tenant_id)s AND p.id = a.other
    ) AS y
),
ruled AS (
    SELECT
        d.id, d.score, d.one_id, d.other_id,
        CASE
            WHEN 'same_mailbox' = ANY(%(rules)s::text[]) AND 'same_mailbox' = ANY(d.reasons)
            THEN 'same_mailbox'
            WHEN o.postcode = '' OR o.country = '' OR o.country <> t.country
                OR lower(replace(o.postcode, ' ', '')) <> lower(replace(t.postcode, ' ', ''))
            THEN ''
            WHEN 'typo_at_home' = ANY(%(rules)s::text[]) AND 'email_typo' = ANY(d.reasons)
                AND o.email_norm <> ''
                AND split_part(o.email_norm, '@', 1) = split_part(t.email_norm, '@', 1)
            THEN 'typo_at_home'
            WHEN 'phone_at_home' = ANY(%(rules)s::text[]) AND 'same_phone' = ANY(d.reasons)
            THEN 'phone_at_home'
            ELSE ''
        END AS rule
    FROM crm_probableduplicate AS d
    JOIN crm_profile AS o ON o.tenant_id = %(tenant_id)s AND o.id = d.one_id
    JOIN crm_profile AS t ON t.tenant_id = %(tenant_id)s AND t.id = d.other_id
    WHERE d.tenant_id = %(tenant_id)s
      AND d.status = 'open'
      AND d.score >= 90
      AND o.merged_into_id IS NULL AND t.merged_into_id IS NULL
      AND o.erased_at IS NULL AND t.erased_at IS NULL
      AND NOT o.is_anonymous AND NOT t.is_anonymous
      AND o.name_norm = t.name_norm AND o.name_norm LIKE '%% %%'
      AND NOT (o.email_consent = 'subscribed' AND t.email_consent IN ('unsubscribed', 'withdrawn'))
      AND NOT (t.email_consent = 'subscribed' AND o.email_consent IN ('unsubscribed', 'withdrawn'))
      AND NOT (o.sms_consent = 'subscribed' AND t.sms_consent IN ('unsubscribed', 'withdrawn'))
      AND NOT (t.sms_consent = 'subscribed' AND o.sms_consent IN ('unsubscribed', 'withdrawn'))
      AND NOT (o.whatsapp_consent = 'subscribed' AND t.whatsapp_consent IN ('unsubscribed', 'withdrawn'))
      AND NOT (t.whatsapp_consent = 'subscribed' AND o.whatsapp_consent IN ('unsubscribed', 'withdrawn'))
      AND NOT EXISTS (
        SELECT 1
        FROM apart AS a
        WHERE a.low = LEAST(d.one_id, d.other_id) AND a.high = GREATEST(d.one_id, d.other_id)
      )
      AND (
        SELECT count(*)
        FROM crm_identity AS i
        WHERE i.tenant_id = %(tenant_id)s
          AND i.profile_id IN (d.one_id, d.other_id)
          AND i.kind = 'customer_id'
      ) <= 1
),
holding AS (
    SELECT r.* FROM ruled AS r WHERE r.rule <> ''
),
sides AS (
    SELECT h.one_id AS profile_id FROM holding AS h
    UNION ALL
    SELECT h.other_id FROM holding AS h
),
crowded AS (
    SELECT s.profile_id FROM sides AS s GROUP BY s.profile_id HAVING count(*) > 1
)
SELECT h.id, h.one_id, h.other_id, h.rule
FROM holding AS h
WHERE h.one_id NOT IN (SELECT c.profile_id FROM crowded AS c)
  AND h.other_id NOT IN (SELECT c.profile_id FROM crowded AS c)
ORDER BY h.score DESC, h.id
LIMIT %(count)s
