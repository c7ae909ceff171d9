-- Purpose: take the oldest changes that are not added up yet, up to a number of documents.
-- In: rows (at most so many), documents (about so many, at least one row).
-- Out: order_ids, refund_ids, profile_ids of each row taken.
-- Why: the caller holds the row of RollupState, so nobody else takes them.
DELETE FROM analytics_rollupchange AS d
WHERE d.tenant_id = %(tenant_id)s
  AND d.id IN (
      SELECT s.id
      FROM (
          SELECT
              o.id,
              o.size,
              sum(o.size) OVER (ORDER BY o.id) AS upto
          FROM (
              SELECT
                  c.id,
                  cardinality(c.order_ids) + cardinality(c.refund_ids)
                      + cardinality(c.profile_ids) AS size
              FROM analytics_rollupchange AS c
              WHERE c.tenant_id = %(tenant_id)s
              ORDER BY c.id
              LIMIT %(rows)s
          ) AS o
      ) AS s
      WHERE s.upto - s.size < %(documents)s
  )
RETURNING d.order_ids, d.refund_ids, d.profile_ids
