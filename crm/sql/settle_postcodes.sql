-- Purpose: let conditions see where postcodes lie by their addresses.
-- In: tenant_id; now. No file is loaded meanwhile (share_postcodes).
-- Out: nothing; the rows that it touches are those that lie elsewhere than before.
-- Why: a middle that has hardly moved stays, so that nobody on the edge goes in and out each night.
--      Rows are locked in the order of note_places, so that neither waits for the other in a circle.
WITH moved AS MATERIALIZED (
    SELECT z.country, z.code
    FROM crm_postcode AS z
    WHERE z.tenant_id = %(tenant_id)s
      AND z.source = 'address'
      AND z.seen_count > 0
      AND (
          z.latitude IS NULL
          OR abs(z.latitude - z.seen_latitude / z.seen_count) > 0.002
          OR abs(z.longitude - z.seen_longitude / z.seen_count) > 0.002
      )
    ORDER BY z.country, z.code
    FOR NO KEY UPDATE
)
UPDATE crm_postcode AS z
SET latitude = round((z.seen_latitude / z.seen_count)::numeric, 4)::float8,
    longitude = round((z.seen_longitude / z.seen_count)::numeric, 4)::float8,
    updated_at = %(now)s
FROM moved AS m
WHERE z.tenant_id = %(tenant_id)s AND z.country = m.country AND z.code = m.code
