-- Each fee of a segment's version by its share of the period: of all its seconds, or of those in which the subscription
-- was active, both over one divisor, so that shares add up. What several segments have of one fee is rounded once, as
-- the last of them says, and shared.
INSERT INTO rated_charges (
    subscription_key, segment_no, kind, name, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH fees AS (
    SELECT
        p.subscription_key,
        p.segment_no,
        f.fee_no,
        f.name,
        f.amount AS fee,
        p.active_seconds,
        CASE WHEN f.is_prorated THEN s.seconds ELSE p.active_seconds_of_period END AS seconds,
        f.amount * p.active_seconds * CASE WHEN f.is_prorated THEN p.active_seconds_of_period ELSE s.seconds END AS n,
        CAST(s.seconds AS numeric) * p.active_seconds_of_period AS divisor,
        p.rounding_digits,
        p.rounding_mode
    FROM cumulative_quantities AS p
    INNER JOIN billing.price_fees AS f ON p.version_key = f.version_key
    CROSS JOIN (
        SELECT
            CAST(floor(extract(EPOCH FROM CAST(:period_end AS timestamptz))) AS bigint)
            - CAST(floor(extract(EPOCH FROM CAST(:period_start AS timestamptz))) AS bigint) AS seconds
    ) AS s
    WHERE p.active_seconds > 0
),

shared AS (
    SELECT
        *,
        billing.share_of(
            row_number() OVER same_fee,
            array_agg(n) OVER same_fee,
            divisor,
            last_value(rounding_digits) OVER same_fee,
            last_value(rounding_mode) OVER same_fee
        ) AS amount
    FROM fees
    WINDOW same_fee AS (
        PARTITION BY subscription_key, name
        ORDER BY segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)

SELECT
    subscription_key,
    segment_no,
    'fee' AS kind,
    name,
    fee_no,
    0 AS aku_seconds,
    billing.round_quotient(active_seconds, seconds, 6, 'half_up') AS quantity,
    'period' AS unit,
    fee AS unit_price,
    billing.round_quotient(n, divisor, 9, 'half_up') AS exact_amount,
    amount
FROM shared
WHERE amount <> 0
