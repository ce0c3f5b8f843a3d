-- The lines of each subscription, into rated_lines of this transaction: each licence term that starts in the period,
-- then usage by version and tier. A line of zero is still a line.
CREATE TEMPORARY TABLE rated_lines ON COMMIT DROP AS
WITH drafts AS (
    SELECT
        b.subscription_key,
        p.plan_key,
        p.time_zone
    FROM billable_subscriptions AS b
    INNER JOIN billing.price_plans AS p ON b.plan_key = p.plan_key
    WHERE b.subscription_key IN (SELECT subscription_key FROM rated_usage)
),

licence_lines AS (
    SELECT
        d.subscription_key,
        1 AS part,
        'licence' AS kind,
        CAST(NULL AS integer) AS tier,
        format(
            'Licence for %s AKU, %s to %s',
            l.capacity_aku,
            CAST(l.term_start AT TIME ZONE d.time_zone AS date),
            CAST(l.term_end AT TIME ZONE d.time_zone - interval '1 second' AS date)
        ) AS description,
        l.term_start AS line_start,
        l.term_end AS line_end,
        CAST(0 AS bigint) AS aku_seconds,
        CAST(l.capacity_aku * l.term_months AS numeric) AS quantity,
        'AKU-month' AS unit,
        coalesce(v.licence_price_per_aku_month, 0) AS unit_price,
        l.capacity_aku * l.term_months * coalesce(v.licence_price_per_aku_month, 0) AS exact_amount,
        v.rounding_digits,
        v.rounding_mode,
        v.version_key
    FROM drafts AS d
    INNER JOIN core.licences AS l ON d.subscription_key = l.subscription_key
    INNER JOIN LATERAL (
        SELECT sold.* FROM billing.price_plan_versions AS sold
        WHERE d.plan_key = sold.plan_key AND sold.effective_from <= l.term_start
        ORDER BY sold.effective_from DESC
        LIMIT 1
    ) AS v ON TRUE
    WHERE
        l.term_start >= :period_start
        AND l.term_start < :period_end
),

lines AS (
    SELECT
        subscription_key,
        part,
        kind,
        tier,
        description,
        line_start,
        line_end,
        aku_seconds,
        quantity,
        unit,
        unit_price,
        exact_amount,
        billing.round_amount(exact_amount, rounding_digits, rounding_mode) AS amount,
        version_key
    FROM licence_lines
    UNION ALL
    SELECT
        d.subscription_key,
        2 AS part,
        'usage' AS kind,
        r.tier,
        format(
            'Usage of AutoMQ Kafka Units, %s to %s',
            CAST(r.line_start AT TIME ZONE d.time_zone AS date),
            CAST(r.line_end AT TIME ZONE d.time_zone - interval '1 second' AS date)
        ) AS description,
        r.line_start,
        r.line_end,
        r.aku_seconds,
        -- Six places; no whole number of seconds lies halfway between two of them.
        round(CAST(r.aku_seconds AS numeric(32, 12)) / 3600, 6) AS quantity,
        'AKU-hour' AS unit,
        r.unit_price,
        r.exact_amount,
        r.amount,
        r.version_key
    FROM drafts AS d
    INNER JOIN rated_usage AS r ON d.subscription_key = r.subscription_key
)

SELECT
    l.subscription_key,
    CAST(row_number() OVER (PARTITION BY l.subscription_key ORDER BY l.part, l.line_start, l.tier) AS integer)
        AS line_no,
    l.kind,
    l.tier,
    CAST(NULL AS text) AS name,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    l.version_key,
    v.tax_rate,
    v.tax_is_inclusive
FROM lines AS l
INNER JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
