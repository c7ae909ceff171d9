-- flows/sql/decide_held_out.sql
-- Keep what the gates said of those who are held out of a campaign.
--
-- in:  tenant_id, campaign_id
--      cell                    smallint  that of the held out
--      profile_ids, decisions  bigint[], jsonb[]   one element per person
-- out: -
UPDATE flows_recipient AS r
SET decision = d.decision
FROM unnest(%(profile_ids)s::bigint[], %(decisions)s::jsonb[]) AS d (profile_id, decision)
WHERE r.tenant_id = %(tenant_id)s
  AND r.campaign_id = %(campaign_id)s
  AND r.profile_id = d.profile_id
  AND r.cell = %(cell)s;
