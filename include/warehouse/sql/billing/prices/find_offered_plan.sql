-- A plan's basis, its first instant, and whether the versions in force in the window sell licences: all, none or some.
WITH versions AS (
    SELECT
        s.plan_key,
        s.effective_from,
        s.effective_until,
        v.licence_price_per_aku_month IS NOT NULL AS sells_licences
    FROM billing.version_spans AS s
    INNER JOIN billing.price_plan_versions AS v ON s.version_key = v.version_key
),

in_force AS (
    SELECT
        plan_key,
        bool_or(sells_licences) AS sells_some,
        bool_and(sells_licences) AS sells_all
    FROM versions
    WHERE
        effective_until > :effective_from
        AND effective_from < coalesce(CAST(:effective_until AS timestamptz), 'infinity')
    GROUP BY plan_key
)

SELECT
    p.name,
    p.currency,
    p.time_zone,
    (SELECT min(v.effective_from) FROM versions AS v WHERE v.plan_key = p.plan_key) AS first_effective_from,
    coalesce(f.sells_some, FALSE) AS sells_some,
    coalesce(f.sells_all, FALSE) AS sells_all
FROM billing.price_plans AS p
LEFT JOIN in_force AS f ON p.plan_key = f.plan_key
WHERE p.name = :name
