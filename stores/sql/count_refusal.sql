-- Count one delivery that the edge turned away.
--
-- in:  tenant_id, store_id  bigint
--      reason               text
--      now                  timestamptz
--
-- Sent by the webhook edge like file_delivery, so it ends without a semicolon. The row of an hour
-- of the day starts afresh a day later.
INSERT INTO stores_refuseddeliveries AS r (tenant_id, store_id, reason, hour_of_day, hour, count)
VALUES (
    %(tenant_id)s,
    %(store_id)s,
    %(reason)s,
    extract(hour FROM %(now)s::timestamptz AT TIME ZONE 'UTC'),
    date_trunc('hour', %(now)s::timestamptz, 'UTC'),
    1
)
ON CONFLICT (tenant_id, store_id, reason, hour_of_day) DO UPDATE
SET count = CASE WHEN r.hour = excluded.hour THEN r.count + 1 ELSE 1 END,
    hour = excluded.hour
