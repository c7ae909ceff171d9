-- messaging/sql/add_spend.sql
-- Add what a few messages cost to the sums of their day.
--
-- in:  tenant_id   bigint  added by kernel.sql
--      day         date    of the tenant's calendar
--      account_id  bigint
--      currencies, messages, parts, amounts
--                  arrays of one length, each currency once and in order
-- out: row count
-- why: a page of costs reads days and never messages.
INSERT INTO messaging_spendday AS s (
    tenant_id, day, account_id, currency, messages, parts, amount
)
SELECT
    %(tenant_id)s, %(day)s, %(account_id)s, told.currency, told.messages, told.parts, told.amount
FROM unnest(
    %(currencies)s::text[], %(messages)s::int[], %(parts)s::int[], %(amounts)s::numeric[]
) AS told (currency, messages, parts, amount)
ON CONFLICT (tenant_id, day, account_id, currency)
DO UPDATE SET
    messages = s.messages + excluded.messages,
    parts = s.parts + excluded.parts,
    amount = s.amount + excluded.amount
