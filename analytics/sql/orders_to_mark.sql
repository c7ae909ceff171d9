-- Purpose: what orders add to the sums, from the documents: the one place where that is said.
-- In: zone (IANA), click_days; persons (ids of profiles; all of each one's orders are marked) and
--   order_ids (of orders without a profile), both NULL for everything.
-- Out: one row per order that counts, the columns of OrderMark in their order.
-- Why: days are the tenant's calendar. An order without a rate counts and adds no money. The next
--   day with an order stands on the mark that opens a day, so that sums of marks count people.
--   Clicks and messages are looked up, not joined: a join planned for a whole tenant would read all
--   messages for each order.
SELECT
    o.id AS order_id,
    o.profile_id,
    o.ordered_at AS at,
    o.day,
    o.gross_minor,
    o.profile_id IS NOT NULL AND EXISTS (
        SELECT 1
        FROM messaging_touch AS t
        WHERE t.tenant_id = %(tenant_id)s
          AND t.profile_id = o.profile_id
          AND t.kind = 'clicked'
          AND NOT t.is_bot
          AND t.at <= o.ordered_at
          AND t.at > o.ordered_at - make_interval(days => %(click_days)s)
          AND (
              SELECT m.channel
              FROM messaging_message AS m
              WHERE m.tenant_id = %(tenant_id)s AND m.id = t.message_id AND NOT m.context ? 'test'
          ) = 'email'
    ) AS is_email,
    (CASE WHEN o.profile_id IS NULL THEN 0 ELSE least(o.place, 3) END)::smallint AS nth,
    o.profile_id IS NOT NULL AND o.place_of_day = 1 AS opens_day,
    CASE WHEN o.profile_id IS NOT NULL AND o.place_of_day = 1 THEN o.next_on END AS next_on
FROM (
    SELECT
        d.id,
        d.profile_id,
        d.ordered_at,
        d.day,
        d.gross_minor,
        row_number() OVER (PARTITION BY d.profile_id ORDER BY d.ordered_at, d.id) AS place,
        row_number() OVER (
            PARTITION BY d.profile_id, d.day ORDER BY d.ordered_at, d.id
        ) AS place_of_day,
        min(d.day) OVER (
            PARTITION BY d.profile_id ORDER BY d.day GROUPS BETWEEN 1 FOLLOWING AND 1 FOLLOWING
        ) AS next_on
    FROM (
        SELECT
            c.id,
            c.profile_id,
            c.ordered_at,
            (c.ordered_at AT TIME ZONE %(zone)s)::date AS day,
            COALESCE(c.base_gross_minor, 0) AS gross_minor
        FROM crm_order AS c
        WHERE c.tenant_id = %(tenant_id)s
          AND c.is_counted
          AND (
              %(persons)s::bigint[] IS NULL
              OR c.profile_id = ANY(%(persons)s::bigint[])
              OR (c.profile_id IS NULL AND c.id = ANY(%(order_ids)s::bigint[]))
          )
    ) AS d
) AS o
