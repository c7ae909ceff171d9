-- messaging/sql/add_codes.sql
-- Add codes to a coupon; one that it has already is left as it is.
--
-- in:  tenant_id  bigint       added by kernel.sql
--      coupon_id  bigint
--      status     text         available, or waiting while the shop makes them
--      now        timestamptz
--      codes      text[]       each once, whatever its capitals
-- out: row count = codes that are new
INSERT INTO messaging_couponcode (
    tenant_id, coupon_id, code, code_norm, status, holder, created_at
)
SELECT %(tenant_id)s, %(coupon_id)s, n.code, upper(n.code), %(status)s, '', %(now)s
FROM unnest(%(codes)s::text[]) WITH ORDINALITY AS n (code, place)
ORDER BY n.place
ON CONFLICT (tenant_id, coupon_id, code_norm) DO NOTHING
