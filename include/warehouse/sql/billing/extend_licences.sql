-- Renews licences that renew by themselves, term by term, until the next term would start at or after the period's end.
-- Terms are counted in calendar months of the plan's time zone from the first of an unbroken chain, so that a chain
-- which began on the 31st comes back to the 31st after February. A renewal is priced by the version in force when it
-- starts.
WITH terms AS (
    SELECT
        l.*,
        lag(l.term_end) OVER chain AS previous_end,
        lag(l.term_months) OVER chain AS previous_months
    FROM core.licences AS l
    WINDOW chain AS (PARTITION BY l.subscription_key ORDER BY l.term_start)
),

chains AS (
    SELECT
        *,
        max(term_start)
        FILTER (WHERE previous_end IS DISTINCT FROM term_start OR previous_months IS DISTINCT FROM term_months)
            OVER (PARTITION BY subscription_key ORDER BY term_start)
            AS chain_start
    FROM terms
),

latest AS (
    SELECT DISTINCT ON (subscription_key) *
    FROM chains
    ORDER BY subscription_key ASC, term_start DESC
),

renewals AS (
    SELECT
        l.subscription_key,
        p.plan_key,
        l.term_months,
        l.capacity_aku,
        l.currency,
        (l.chain_start AT TIME ZONE p.time_zone + make_interval(months => l.term_months * n)) AT TIME ZONE p.time_zone
            AS term_start,
        (l.chain_start AT TIME ZONE p.time_zone + make_interval(months => l.term_months * (n + 1)))
        AT TIME ZONE p.time_zone AS term_end
    FROM latest AS l
    INNER JOIN core.subscriptions AS s ON l.subscription_key = s.subscription_key
    INNER JOIN billing.price_plans AS p ON s.price_plan = p.name
    CROSS JOIN
        LATERAL generate_series(
            1, CAST(extract(EPOCH FROM CAST(:period_end AS timestamptz) - l.chain_start) / 2419200 AS integer) + 1
        ) AS n
    WHERE
        l.auto_renew
        AND l.term_end < :period_end
        AND p.time_zone = :time_zone
        AND (s.ended_at IS NULL OR s.ended_at > l.term_end)
)

INSERT INTO core.licences (
    subscription_key, term_start, term_end, term_months, capacity_aku, price, currency, auto_renew
)
SELECT
    r.subscription_key,
    r.term_start,
    r.term_end,
    r.term_months,
    r.capacity_aku,
    billing.round_amount(
        v.licence_price_per_aku_month * r.capacity_aku * r.term_months, v.rounding_digits, v.rounding_mode
    ) AS price,
    r.currency,
    TRUE AS auto_renew
FROM renewals AS r
INNER JOIN latest AS l ON r.subscription_key = l.subscription_key
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
INNER JOIN LATERAL (
    SELECT sold.* FROM billing.price_plan_versions AS sold
    WHERE r.plan_key = sold.plan_key AND sold.effective_from <= r.term_start
    ORDER BY sold.effective_from DESC
    LIMIT 1
) AS v ON TRUE
WHERE
    r.term_start >= l.term_end
    AND r.term_start < :period_end
    AND (s.ended_at IS NULL OR s.ended_at > r.term_start)
    AND v.licence_price_per_aku_month IS NOT NULL
ON CONFLICT (subscription_key, term_start) DO NOTHING
