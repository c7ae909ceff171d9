-- Purpose: the flags of products by the rules and by what was said by hand, which wins.
-- In: `wanted`, which the statement around it makes: id, category, brand, flags_by_hand.
-- Out: id, right_flags (sorted).
-- Why: `flag_products` keeps it and `check_flags` looks whether it was kept.
SELECT w.id, COALESCE(f.flags, ARRAY[]::text[]) AS right_flags
FROM wanted AS w
LEFT JOIN (
    SELECT g.id, array_agg(DISTINCT g.flag ORDER BY g.flag) AS flags
    FROM (
        SELECT n.id, r.flag
        FROM wanted AS n
        JOIN crm_flagrule AS r ON r.tenant_id = %(tenant_id)s
        WHERE NOT jsonb_exists(n.flags_by_hand, r.flag) AND EXISTS (
            {crm.rule_holds}
        )
        UNION ALL
        SELECT n.id, h.key
        FROM wanted AS n
        CROSS JOIN LATERAL jsonb_each(n.flags_by_hand) AS h
        WHERE h.value = 'true'::jsonb
    ) AS g
    GROUP BY g.id
) AS f ON f.id = w.id
