-- Codes whose counted redemptions are not those that their orders say. An order that was there before
-- its code was asked for counts from its next change on, so the time of the last change decides.
--
-- in:  tenant_id  bigint
-- out: code, kept, found (orders that count: as counted, as matched anew)
WITH matched AS (
    SELECT w.id AS write_id, count(*) AS n
    FROM crm_order AS o
    CROSS JOIN LATERAL (
        SELECT DISTINCT upper(btrim(c.code)) AS code FROM unnest(o.discount_codes) AS c (code)
    ) AS d
    JOIN stores_writelane AS l
        ON l.tenant_id = o.tenant_id AND l.store_id = o.store_id AND l.kind = 'codes'
    JOIN stores_storewrite AS w
        ON w.tenant_id = o.tenant_id AND w.lane_id = l.id AND w.subject = d.code
    WHERE o.tenant_id = %(tenant_id)s
      AND o.is_counted
      AND (
          o.updated_at > (w.value ->> 'asked_at')::timestamptz + interval '1 second'
          OR EXISTS (
              SELECT 1 FROM stores_coderedemption AS r
              WHERE r.tenant_id = o.tenant_id AND r.order_id = o.id AND r.write_id = w.id
          )
      )
    GROUP BY w.id
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
