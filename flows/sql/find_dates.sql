-- flows/sql/find_dates.sql
-- Find the next profiles that carry a date which may come round on some days.
--
-- in:  tenant_id   bigint    added by kernel.sql.run_sql
--      name        text      the property, or a date that is kept of everybody
--      names       jsonb     a list of it alone
--      is_kept     boolean   which of both
--      account     text      IANA zone that says which day an instant is
--      days        date[]    of a date that comes once
--      month_days  text[]    such as ``02-29``
--      dates       integer[] days of the month
--      weekdays    integer[] Monday is 1
--      latest      date      later dates have not come yet
--      after       bigint    id of the last profile of the page before
--      count       integer
-- out: id, said, timezone, country, in the order of their ids
--
-- A property that is no date is passed over; one without a year (``--05-12`` or ``05-12``) is given
-- year 4, which has a 29 February and in which nobody lives who shops. Who carries one is found by the index of their names.
-- One of days, month_days, dates, weekdays is asked for.
WITH told AS (
    SELECT p.id, p.timezone, p.country, d.said
    FROM crm_profile AS p
    LEFT JOIN crm_profilefacts AS f
        ON %(is_kept)s AND f.tenant_id = %(tenant_id)s AND f.profile_id = p.id
    CROSS JOIN LATERAL (
        SELECT CASE
            WHEN %(is_kept)s THEN (
                CASE %(name)s
                    WHEN 'first_order_at' THEN f.first_order_at
                    WHEN 'last_order_at' THEN f.last_order_at
                    WHEN 'last_seen_at' THEN f.last_seen_at
                END AT TIME ZONE %(account)s
            )::date
            WHEN p.properties ->> %(name)s ~ '^\d{4}-\d{2}-\d{2}'
                AND pg_input_is_valid(left(p.properties ->> %(name)s, 10), 'date')
                THEN left(p.properties ->> %(name)s, 10)::date
            WHEN p.properties ->> %(name)s ~ '^-?-?\d{2}-\d{2}$'
                AND pg_input_is_valid('0004-' || right(p.properties ->> %(name)s, 5), 'date')
                THEN ('0004-' || right(p.properties ->> %(name)s, 5))::date
        END AS said
        OFFSET 0  -- or it would be worked out anew for each question below
    ) AS d
    WHERE p.tenant_id = %(tenant_id)s
      AND p.id > %(after)s
      AND p.merged_into_id IS NULL
      AND p.erased_at IS NULL
      AND NOT p.is_anonymous
      AND (%(is_kept)s OR (p.dated <> '[]' AND p.dated @> %(names)s::jsonb))
)

SELECT t.id, t.said, t.timezone, t.country
FROM told AS t
WHERE t.said <= %(latest)s::date
  AND (
      t.said = ANY(%(days)s::date[])
      OR to_char(t.said, 'MM-DD') = ANY(%(month_days)s::text[])
      OR extract(DAY FROM t.said)::integer = ANY(%(dates)s::integer[])
      OR extract(ISODOW FROM t.said)::integer = ANY(%(weekdays)s::integer[])
  )
ORDER BY t.id
LIMIT %(count)s;
