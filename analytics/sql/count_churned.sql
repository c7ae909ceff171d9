-- Purpose: buyers who passed the churn threshold within some days, and who could have.
-- In: zone (IANA), first_day, last_day (of that zone, both included), threshold_days.
-- Out: one row: active (bought less than threshold_days before first_day), churned (of those, whose
--   threshold_days without an order were over on a day from first_day to last_day).
-- Why: reads only the orders that can matter: from threshold_days before first_day on. Days are the
--   tenant's calendar, as in the segment of the churned.
WITH bought AS (
    SELECT
        o.profile_id,
        (o.ordered_at AT TIME ZONE %(zone)s)::date AS day
    FROM crm_order AS o
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND o.profile_id IS NOT NULL
      AND o.ordered_at >= (
          (%(first_day)s::date - %(threshold_days)s::int)::timestamp AT TIME ZONE %(zone)s
      )
      AND o.ordered_at < ((%(last_day)s::date + 1)::timestamp AT TIME ZONE %(zone)s)
),
spaced AS (
    SELECT
        b.profile_id,
        b.day,
        lead(b.day) OVER (PARTITION BY b.profile_id ORDER BY b.day) AS next_day
    FROM bought AS b
),
judged AS (
    SELECT
        s.profile_id,
        bool_or(
            s.day < %(first_day)s::date AND s.day > %(first_day)s::date - %(threshold_days)s::int
        ) AS is_active,
        bool_or(
            s.day + %(threshold_days)s::int BETWEEN %(first_day)s::date AND %(last_day)s::date
            AND (s.next_day IS NULL OR s.next_day > s.day + %(threshold_days)s::int)
        ) AS has_churned
    FROM spaced AS s
    GROUP BY s.profile_id
)
SELECT
    count(*) FILTER (WHERE j.is_active OR j.has_churned) AS active,
    count(*) FILTER (WHERE j.has_churned) AS churned
FROM judged AS j
