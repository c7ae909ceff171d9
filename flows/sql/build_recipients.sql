-- flows/sql/build_recipients.sql
-- Take people into a campaign; who is in it already is left as they are.
--
-- in:  tenant_id    bigint         added by kernel.sql
--      campaign_id  bigint
--      channel      text
--      profile_ids, cells, dues   arrays of one length, ascending by profile
-- out: cell, recipients, last_due_at   of those who are new, by cell
-- why: a chunk of an audience is one statement. People are locked first, so that a merge under way
--      is waited for and its winner taken in, once. The slot is the profile that was found.
WITH asked AS (
    SELECT COALESCE(p.merged_into_id, p.id) AS profile_id, p.id AS slot, told.cell, told.due_at
    FROM unnest(%(profile_ids)s::bigint[], %(cells)s::smallint[], %(dues)s::timestamptz[])
        AS told (profile_id, cell, due_at)
    JOIN crm_profile AS p
      ON p.tenant_id = %(tenant_id)s
     AND p.id = told.profile_id
     AND p.erased_at IS NULL
    ORDER BY p.id
    FOR KEY SHARE OF p
),

built AS (
    INSERT INTO flows_recipient (
        tenant_id, campaign_id, profile_id, channel, cell, due_at, slot
    )
    SELECT %(tenant_id)s, %(campaign_id)s, a.profile_id, %(channel)s, a.cell, a.due_at, a.slot
    FROM asked AS a
    ON CONFLICT (tenant_id, profile_id, campaign_id, channel) DO NOTHING
    RETURNING cell, due_at
)

SELECT b.cell, count(*) AS recipients, max(b.due_at) AS last_due_at
FROM built AS b
GROUP BY b.cell
