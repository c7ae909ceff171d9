-- messaging/sql/list_paused_channels.sql
-- Name the channels over which nothing leaves for a while.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      soon       timestamptz  a pause that ends before it is none
-- out: channel
-- why: by a pause of the account that it leaves over, or because nothing gets through to the mail
--      server of the installation, over which mail leaves that has no account.
SELECT a.channel
FROM messaging_channelaccount AS a
WHERE a.tenant_id = %(tenant_id)s
  AND a.is_default
  AND a.is_paused
  AND (a.paused_until IS NULL OR a.paused_until > %(soon)s)
UNION ALL
SELECT h.channel
FROM messaging_accounthealth AS h
WHERE h.tenant_id = %(tenant_id)s
  AND h.account_id = 0
  AND h.open_until > %(soon)s
  AND NOT EXISTS (
      SELECT 1
      FROM messaging_channelaccount AS own
      WHERE own.tenant_id = %(tenant_id)s
        AND own.tenant_id = h.tenant_id
        AND own.channel = h.channel
        AND own.is_default
  )
