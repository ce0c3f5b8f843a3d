-- Brings the charges of the segments whose version has a maximum down to it, or up to a minimum (`bound_kind`), after
-- discounts. A version's limit counts by its part of the active time, or of the whole period where it is prorated. The
-- difference is rounded once, as the last of these segments says, and belongs to it. Where segments are taxed at
-- several rates, each rate has its share: of a reduction by what is charged at it, of an addition by its limits.
INSERT INTO rated_charges (
    subscription_key, segment_no, kind, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH segments AS (
    SELECT
        *,
        CASE CAST(:bound_kind AS text) WHEN 'maximum' THEN maximum_charge ELSE minimum_charge END AS bound_charge,
        CAST(floor(extract(EPOCH FROM CAST(:period_end AS timestamptz))) AS bigint)
        - CAST(floor(extract(EPOCH FROM CAST(:period_start AS timestamptz))) AS bigint) AS seconds
    FROM cumulative_quantities
    WHERE CASE CAST(:bound_kind AS text) WHEN 'maximum' THEN maximum_charge ELSE minimum_charge END IS NOT NULL
),

charged AS (
    SELECT
        subscription_key,
        segment_no,
        sum(amount) AS amount
    FROM rated_charges
    GROUP BY subscription_key, segment_no
),

-- All shares over one divisor, so that none is rounded before their sum.
rates AS (
    SELECT
        p.subscription_key,
        max(p.segment_no) AS segment_no,
        (array_agg(p.rounding_digits ORDER BY p.segment_no DESC))[1] AS rounding_digits,
        (array_agg(p.rounding_mode ORDER BY p.segment_no DESC))[1] AS rounding_mode,
        max(p.rounding_digits) AS most_digits,
        coalesce(sum(c.amount), 0) AS charge,
        sum(
            p.bound_charge * p.active_seconds
            * CASE WHEN p.is_prorated THEN p.active_seconds_of_period ELSE p.seconds END
        ) AS n,
        CAST(min(p.seconds) AS numeric) * min(p.active_seconds_of_period) AS divisor
    FROM segments AS p
    LEFT JOIN charged AS c ON p.subscription_key = c.subscription_key AND p.segment_no = c.segment_no
    GROUP BY p.subscription_key, p.tax_rate, p.tax_is_inclusive
),

limits AS (
    SELECT
        subscription_key,
        max(most_digits) AS most_digits,
        sum(charge) AS charge,
        sum(n) AS n,
        min(divisor) AS divisor,
        (array_agg(rounding_digits ORDER BY segment_no DESC))[1] AS rounding_digits,
        (array_agg(rounding_mode ORDER BY segment_no DESC))[1] AS rounding_mode
    FROM rates
    GROUP BY subscription_key
),

differences AS (
    SELECT
        *,
        billing.round_quotient(n, divisor, rounding_digits, rounding_mode) - charge AS amount
    FROM limits
),

weights AS (
    SELECT
        r.subscription_key,
        r.segment_no,
        d.amount,
        d.most_digits,
        d.n - d.charge * d.divisor AS exact_n,
        d.divisor,
        CASE
            WHEN CAST(:bound_kind AS text) = 'maximum' THEN r.charge
            WHEN d.n = 0 THEN 1
            ELSE r.n
        END AS weight
    FROM rates AS r
    INNER JOIN differences AS d ON r.subscription_key = d.subscription_key
    WHERE CASE CAST(:bound_kind AS text) WHEN 'maximum' THEN d.amount < 0 ELSE d.amount > 0 END
),

shares AS (
    SELECT
        subscription_key,
        segment_no,
        billing.round_quotient(exact_n * weight, divisor * sum(weight) OVER every_rate, 9, 'half_up') AS exact_amount,
        billing.share_of(
            row_number() OVER every_rate,
            array_agg(amount * weight) OVER every_rate,
            sum(weight) OVER every_rate,
            most_digits,
            'half_up'
        ) AS amount
    FROM weights
    WINDOW every_rate AS (
        PARTITION BY subscription_key ORDER BY segment_no ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
    )
)

SELECT
    subscription_key,
    segment_no,
    CAST(:bound_kind AS text) AS kind,
    0 AS fee_no,
    0 AS aku_seconds,
    1 AS quantity,
    'period' AS unit,
    trim_scale(exact_amount) AS unit_price,
    exact_amount,
    amount
FROM shares
WHERE amount <> 0
