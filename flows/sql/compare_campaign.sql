-- flows/sql/compare_campaign.sql
-- Sum what the recipients of a campaign bought in a time, by whether they were held out.
--
-- in:  tenant_id, campaign_id
--      since, until   timestamptz   the same for everybody; until is not included
-- out: is_held_out, people, total, squares   net revenue in minor units of the tenant's currency
-- why: everybody in the audience counts, whatever became of their message, so that the groups
--      differ by the lot alone. Who is held out of everything (cell -2) got nothing else either,
--      so that they are compared with nobody here.
WITH person AS (
    SELECT
        r.cell < 0 AS is_held_out,
        COALESCE((
            SELECT sum(
                COALESCE(
                    o.base_gross_minor - round(
                        o.base_gross_minor * o.refunded_minor::numeric / NULLIF(o.gross_minor, 0)
                    ),
                    o.base_gross_minor,
                    0
                )
            )
            FROM crm_order AS o
            WHERE o.tenant_id = %(tenant_id)s
              AND o.profile_id = r.profile_id
              AND o.is_counted
              AND o.ordered_at >= %(since)s
              AND o.ordered_at < %(until)s
        ), 0)::bigint AS net_minor
    FROM flows_recipient AS r
    WHERE r.tenant_id = %(tenant_id)s
      AND r.campaign_id = %(campaign_id)s
      AND r.cell >= -1
)

SELECT
    p.is_held_out,
    count(*) AS people,
    sum(p.net_minor)::bigint AS total,
    sum(p.net_minor::numeric * p.net_minor) AS squares
FROM person AS p
GROUP BY p.is_held_out
