-- Codes whose counted redemptions are not those that their orders say.
--
-- in:  tenant_id  bigint
-- out: code, kept, found (orders that count: as counted, as matched anew)
WITH matched AS (
    SELECT r.write_id, count(*) AS n
    FROM stores_coderedemption AS r
    JOIN crm_order AS o ON o.tenant_id = r.tenant_id AND o.id = r.order_id
    JOIN stores_storewrite AS w ON w.tenant_id = r.tenant_id AND w.id = r.write_id
    WHERE r.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND EXISTS (
          SELECT 1 FROM unnest(o.discount_codes) AS c (code) WHERE upper(btrim(c.code)) = w.subject
      )
    GROUP BY r.write_id
)

SELECT w.subject AS code, coalesce(y.redeemed_count, 0) AS kept, coalesce(m.n, 0) AS found
FROM stores_storewrite AS w
JOIN stores_writelane AS l ON l.tenant_id = w.tenant_id AND l.id = w.lane_id
LEFT JOIN stores_codetally AS y ON y.tenant_id = w.tenant_id AND y.write_id = w.id
LEFT JOIN matched AS m ON m.write_id = w.id
WHERE w.tenant_id = %(tenant_id)s
  AND l.kind = 'codes'
  AND coalesce(y.redeemed_count, 0) <> coalesce(m.n, 0)
ORDER BY w.id
