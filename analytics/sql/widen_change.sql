-- Purpose: everybody and every order that a change touches, one step further.
-- In: persons, order_ids, refund_ids (what is known of it so far).
-- Out: one row of arrays: person_ids (who is named, or holds a named document now or by its mark),
--   strangers (who else holds, in the one way, a document that one of them holds in the other), and
--   orders (of all of them, now or by their marks).
-- Why: what a person adds depends on all orders of the person, so whoever loses one to a merge, a
--   correction or an erasure has to be added up anew beside whoever gets it. Mostly there are no
--   strangers and one step is enough.
WITH named AS (
    SELECT unnest(%(order_ids)s::bigint[]) AS order_id
    UNION
    SELECT r.order_id
    FROM crm_refund AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.id = ANY(%(refund_ids)s::bigint[])
      AND r.order_id IS NOT NULL
),
held AS (
    SELECT unnest(%(persons)s::bigint[]) AS profile_id
    UNION
    SELECT o.profile_id
    FROM named AS n
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = n.order_id
    WHERE o.profile_id IS NOT NULL
    UNION
    SELECT m.profile_id
    FROM named AS n
    JOIN analytics_ordermark AS m ON m.tenant_id = %(tenant_id)s AND m.order_id = n.order_id
    WHERE m.profile_id IS NOT NULL
),
documents AS (
    SELECT o.id AS order_id
    FROM held AS h
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.profile_id = h.profile_id
),
marks AS (
    SELECT m.order_id
    FROM held AS h
    JOIN analytics_ordermark AS m
        ON m.tenant_id = %(tenant_id)s AND m.profile_id = h.profile_id
),
strangers AS (
    SELECT m.profile_id
    FROM (TABLE documents EXCEPT TABLE marks) AS d
    JOIN analytics_ordermark AS m ON m.tenant_id = %(tenant_id)s AND m.order_id = d.order_id
    UNION
    SELECT o.profile_id
    FROM (TABLE marks EXCEPT TABLE documents) AS d
    JOIN crm_order AS o ON o.tenant_id = %(tenant_id)s AND o.id = d.order_id
)
SELECT
    ARRAY(TABLE held) AS person_ids,
    ARRAY(
        SELECT s.profile_id FROM strangers AS s
        WHERE s.profile_id IS NOT NULL
          AND NOT EXISTS (SELECT 1 FROM held AS h WHERE h.profile_id = s.profile_id)
    ) AS strangers,
    ARRAY(TABLE named UNION TABLE documents UNION TABLE marks) AS orders
