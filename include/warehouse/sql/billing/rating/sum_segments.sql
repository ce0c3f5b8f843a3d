-- Adds up each segment whose hours can be taken in any order, into segment_totals of this transaction: AKU-seconds, and
-- the sum of the hours' rounded amounts where the plan charges by the hour (see create_tiers.sql for the arithmetic).
-- CREATE TABLE AS, because PostgreSQL reads in parallel for it, and not for INSERT.
CREATE TEMPORARY TABLE segment_totals ON COMMIT DROP AS
WITH known_hours AS (
    SELECT
        subscription_key,
        hour_start,
        aku_seconds,
        FALSE AS is_other
    FROM metering.subscription_hours
    UNION ALL
    SELECT
        subscription_key,
        hour_start,
        aku_seconds,
        TRUE AS is_other
    FROM billing.rating_hours
),

-- Without other hours PostgreSQL plans as if there was nothing of them here, as long as no branch above has conditions.
hours AS (
    SELECT *
    FROM known_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND (
            (is_other AND CAST(:has_other_hours AS boolean))
            OR (
                NOT is_other
                AND NOT (
                    CAST(:has_other_hours AS boolean)
                    AND EXISTS (
                        SELECT FROM billing.rating_hours AS other
                        WHERE
                            other.subscription_key = known_hours.subscription_key
                            AND other.hour_start = known_hours.hour_start
                    )
                )
            )
        )
)

SELECT
    p.subscription_key,
    p.segment_no,
    CAST(sum(h.aku_seconds) AS bigint) AS aku_seconds,
    sum(
        CASE
            WHEN p.scaled_price = 0 OR h.aku_seconds > p.max_aku_seconds THEN 0
            WHEN p.is_half_even AND (h.aku_seconds * p.scaled_price + p.addend) % p.divisor = 0
                THEN (h.aku_seconds * p.scaled_price + p.addend) / p.divisor / 2 * 2
            ELSE (h.aku_seconds * p.scaled_price + p.addend) / p.divisor
        END
    ) AS hourly_amount,
    max(h.aku_seconds) > min(p.max_aku_seconds) AS is_too_large
FROM hours AS h
INNER JOIN billing.rating_segments AS p
    ON
        h.subscription_key = p.subscription_key
        AND (p.is_whole OR (h.hour_start >= p.segment_start AND h.hour_start < p.segment_end))
WHERE NOT p.is_priced_hourly
GROUP BY p.subscription_key, p.segment_no
