-- The hours of a usage line with what each was charged, by the line's own version and with rating's own arithmetic (see
-- rate_usage). Where the plan charges by the period an hour has no amount of its own.
WITH hours AS (
    SELECT
        u.hour_start,
        sum(u.aku_seconds) AS aku_seconds,
        jsonb_agg(
            jsonb_build_object(
                'instance_id', i.instance_id,
                'aku_seconds', u.aku_seconds,
                'proved_aku_seconds', u.proved_aku_seconds,
                'assumed_aku_seconds', u.assumed_aku_seconds,
                'source', u.source
            ) ORDER BY i.instance_id
        ) AS instances
    FROM billing.bills AS b
    INNER JOIN metering.usage AS u ON b.subscription_key = u.subscription_key
    INNER JOIN core.instances AS i ON u.instance_key = i.instance_key
    WHERE
        b.bill_key = :bill_key
        AND u.hour_start >= :line_start
        AND u.hour_start < :line_end
    GROUP BY u.hour_start
),

whole AS (
    SELECT
        h.*,
        v.charge_every,
        v.rounding_mode,
        v.rounding_digits,
        h.aku_seconds * CAST(t.scaled_price AS numeric) AS n,
        CAST('3600e' || t.price_scale - v.rounding_digits AS numeric) AS divisor,
        CAST('1e' || t.price_scale AS numeric) AS scale
    FROM hours AS h
    INNER JOIN billing.bill_lines AS l ON l.bill_key = :bill_key AND l.line_no = :line_no
    INNER JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
    INNER JOIN billing.price_tiers AS t ON l.version_key = t.version_key AND l.tier = t.tier
),

added AS (
    SELECT
        *,
        n + CASE rounding_mode WHEN 'down' THEN 0 WHEN 'up' THEN divisor - 1 ELSE div(divisor, 2) END AS sum
    FROM whole
)

SELECT
    hour_start,
    CAST(aku_seconds AS bigint) AS aku_seconds,
    div(2 * n * 1000000000 + 3600 * scale, 7200 * scale) * 0.000000001 AS exact_amount,
    CASE
        WHEN charge_every <> 'hour' THEN NULL
        WHEN rounding_mode = 'half_even' AND mod(sum, divisor) = 0 THEN div(div(sum, divisor), 2) * 2
        ELSE div(sum, divisor)
    END * CAST('1e-' || rounding_digits AS numeric) AS amount,
    instances
FROM added
ORDER BY hour_start
