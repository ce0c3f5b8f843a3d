-- Prices the usage of a billing period: one row per subscription of billable_subscriptions, price plan version and
-- tier, into rated_usage of this transaction. A live subscription without usage gets one row at zero; usage that no
-- version prices gets version_key NULL. Made as a table, not inserted into one, because PostgreSQL reads in parallel
-- only for the former.
--
-- All amounts are whole numbers of the rounding's last place. With n = AKU-seconds × scaled price and the divisor that
-- turns n into such numbers, every rounding mode is (n + addend) / divisor cut to a whole number; half_even then steps
-- back from the odd ones of the exact halves. Amounts are never negative.
CREATE TEMPORARY TABLE rated_usage ON COMMIT DROP AS
WITH versions AS (
    SELECT
        v.*,
        coalesce(lead(v.effective_from) OVER (PARTITION BY v.plan_key ORDER BY v.effective_from), 'infinity')
            AS effective_until
    FROM billing.price_plan_versions AS v
),

scaled_prices AS (
    SELECT
        v.plan_key,
        v.version_key,
        v.effective_from,
        v.effective_until,
        v.charge_every,
        v.rounding_digits,
        v.rounding_mode,
        t.tier,
        t.unit_price,
        t.price_scale,
        t.scaled_price,
        CAST(CAST('3600e' || t.price_scale - v.rounding_digits AS numeric) AS bigint) AS divisor
    FROM versions AS v
    INNER JOIN billing.price_tiers AS t ON v.version_key = t.version_key
    WHERE
        v.effective_from < :period_end
        AND v.effective_until > :period_start
),

prices AS (
    SELECT
        *,
        CASE rounding_mode WHEN 'down' THEN 0 WHEN 'up' THEN divisor - 1 ELSE divisor / 2 END AS addend,
        rounding_mode = 'half_even' AS is_half_even,
        -- Up to this many AKU-seconds in an hour, n + addend stays below 2^63.
        (9223372036854775807 - divisor) / greatest(scaled_price, 1) AS most_aku_seconds
    FROM scaled_prices
),

hours AS (
    SELECT
        subscription_key,
        hour_start,
        aku_seconds
    FROM metering.subscription_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND NOT (
            CAST(:has_other_hours AS boolean)
            AND EXISTS (
                SELECT FROM billing.rating_hours AS other
                WHERE
                    other.subscription_key = subscription_hours.subscription_key
                    AND other.hour_start = subscription_hours.hour_start
            )
        )
    UNION ALL
    SELECT
        subscription_key,
        hour_start,
        aku_seconds
    FROM billing.rating_hours
    WHERE
        CAST(:has_other_hours AS boolean)
        AND hour_start >= :period_start
        AND hour_start < :period_end
),

sums AS (
    SELECT
        b.subscription_key,
        p.version_key,
        sum(h.aku_seconds) AS aku_seconds,
        sum(
            CASE
                WHEN p.charge_every <> 'hour' OR h.aku_seconds > p.most_aku_seconds THEN 0
                WHEN
                    p.is_half_even
                    AND (h.aku_seconds * p.scaled_price + p.addend) % p.divisor = 0
                    THEN (h.aku_seconds * p.scaled_price + p.addend) / p.divisor / 2 * 2
                ELSE (h.aku_seconds * p.scaled_price + p.addend) / p.divisor
            END
        ) AS hourly_amount,
        min(h.hour_start) AS first_hour,
        bool_or(p.charge_every = 'hour' AND h.aku_seconds > p.most_aku_seconds) AS is_too_large
    FROM hours AS h
    INNER JOIN billable_subscriptions AS b ON h.subscription_key = b.subscription_key
    LEFT JOIN prices AS p
        ON
            b.plan_key = p.plan_key
            AND h.hour_start >= p.effective_from
            AND h.hour_start < p.effective_until
    GROUP BY b.subscription_key, p.version_key
),

priced AS (
    SELECT
        b.subscription_key,
        p.version_key,
        p.tier,
        p.unit_price,
        p.rounding_digits,
        p.charge_every,
        p.is_half_even,
        p.addend,
        p.divisor,
        p.price_scale,
        greatest(p.effective_from, :period_start) AS line_start,
        least(p.effective_until, :period_end) AS line_end,
        coalesce(s.aku_seconds, 0) AS aku_seconds,
        coalesce(s.hourly_amount, 0) AS hourly_amount,
        coalesce(s.aku_seconds, 0) * CAST(p.scaled_price AS numeric) AS n,
        s.first_hour,
        coalesce(s.is_too_large, FALSE) AS is_too_large
    FROM billable_subscriptions AS b
    LEFT JOIN sums AS s ON b.subscription_key = s.subscription_key
    -- Without usage: the version in force last, whose line is zero.
    LEFT JOIN LATERAL (
        SELECT idle.version_key FROM prices AS idle
        WHERE s.subscription_key IS NULL AND idle.plan_key = b.plan_key
        ORDER BY idle.effective_from DESC
        LIMIT 1
    ) AS last_version ON TRUE
    LEFT JOIN prices AS p ON p.version_key = coalesce(s.version_key, last_version.version_key)
    WHERE b.is_live OR s.subscription_key IS NOT NULL
)

SELECT
    subscription_key,
    version_key,
    tier,
    line_start,
    line_end,
    CAST(aku_seconds AS bigint) AS aku_seconds,
    unit_price,
    -- To nine places, exact: one whole-number division.
    div(2 * n * 1000000000 + 3600 * CAST('1e' || price_scale AS numeric), 7200 * CAST('1e' || price_scale AS numeric))
    * 0.000000001 AS exact_amount,
    CASE
        WHEN charge_every = 'hour' THEN hourly_amount
        WHEN is_half_even AND mod(n + addend, divisor) = 0 THEN div(div(n + addend, divisor), 2) * 2
        ELSE div(n + addend, divisor)
    END * CAST('1e-' || rounding_digits AS numeric) AS amount,
    first_hour,
    is_too_large
FROM priced
