-- Purpose: let there be a conversation for each number that wrote, of the profile that has it now.
-- In: channels, accounts, addresses, profiles, times (arrays of equal length, one entry a message).
-- Out: nothing.
-- Why: the thread follows the number, so its profile is the present one.
INSERT INTO crm_conversation (
    tenant_id, profile_id, channel, account_id, address, last_message_at
)
SELECT DISTINCT ON (n.channel, n.account_id, n.address)
    %(tenant_id)s, n.profile_id, n.channel, n.account_id, n.address, n.at
FROM unnest(
    %(channels)s::text[], %(accounts)s::bigint[], %(addresses)s::text[], %(profiles)s::bigint[],
    %(times)s::timestamptz[]
) AS n (channel, account_id, address, profile_id, at)
ORDER BY n.channel, n.account_id, n.address, n.at
ON CONFLICT (tenant_id, channel, account_id, address) DO UPDATE SET
    profile_id = EXCLUDED.profile_id
