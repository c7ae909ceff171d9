-- Purpose: the order figures of profiles as they were at moments of the past.
-- In: places, profile_ids, ats (arrays: a number, a profile and a moment each); and what
--   money_of_profiles takes.
-- Out: place, and the figures by the names that crm_profilefacts gives them; money is 0 and times
--   are NULL of who had not ordered yet.
-- Why: whether an order counts is as it is today, since when it does not is kept nowhere.
SELECT
    a.place,
    count(d.bought_at) AS order_count,
    COALESCE(sum(d.base_gross_minor), 0) AS gross_minor,
    COALESCE(sum(d.refunded_minor), 0) AS refunded_minor,
    COALESCE(sum(COALESCE(d.base_gross_minor, 0) - COALESCE(d.refunded_minor, 0)), 0) AS net_minor,
    min(d.bought_at) AS first_order_at,
    max(d.bought_at) AS last_order_at,
    CASE WHEN count(d.bought_at) > 1 THEN round(
        extract(epoch FROM max(d.bought_at) - min(d.bought_at)) / 86400
        / (count(d.bought_at) - 1), 2
    ) END AS days_between_orders
FROM unnest(
    %(places)s::integer[], %(profile_ids)s::bigint[], %(ats)s::timestamptz[]
) AS a (place, profile_id, at)
LEFT JOIN (
    {crm.money_of_profiles}
) AS d
  ON d.profile_id = a.profile_id AND d.dated_at <= a.at
GROUP BY a.place
