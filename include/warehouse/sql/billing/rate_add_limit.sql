-- Brings the charges of the parts whose version has a maximum down to it, or up to a minimum (`limit_kind`), after
-- discounts. A version's limit counts by its part of the active time, or of the whole period where it is prorated; the
-- line belongs to the last of these parts.
INSERT INTO rated_charges (
    subscription_key, part_no, kind, fee_no, aku_seconds, quantity, unit, unit_price, exact_amount, amount
)
WITH parts AS (
    SELECT
        *,
        CASE CAST(:limit_kind AS text) WHEN 'maximum' THEN maximum_charge ELSE minimum_charge END AS limit_charge,
        CAST(floor(extract(EPOCH FROM CAST(:period_end AS timestamptz))) AS bigint)
        - CAST(floor(extract(EPOCH FROM CAST(:period_start AS timestamptz))) AS bigint) AS seconds,
        max(part_no) OVER (PARTITION BY subscription_key) AS last_part_no
    FROM rated_positions
    WHERE CASE CAST(:limit_kind AS text) WHEN 'maximum' THEN maximum_charge ELSE minimum_charge END IS NOT NULL
),

charged AS (
    SELECT
        c.subscription_key,
        sum(c.amount) AS amount
    FROM rated_charges AS c
    INNER JOIN parts AS p ON c.subscription_key = p.subscription_key AND c.part_no = p.part_no
    GROUP BY c.subscription_key
),

-- All shares over one divisor, so that none is rounded before their sum.
limits AS (
    SELECT
        subscription_key,
        last_part_no,
        sum(
            limit_charge * active_seconds * CASE WHEN is_prorated THEN active_seconds_of_period ELSE seconds END
        ) AS n,
        CAST(min(seconds) AS numeric) * min(active_seconds_of_period) AS divisor
    FROM parts
    GROUP BY subscription_key, last_part_no
),

differences AS (
    SELECT
        l.subscription_key,
        l.last_part_no,
        billing.round_quotient(l.n - coalesce(c.amount, 0) * l.divisor, l.divisor, 9, 'half_up') AS exact_amount,
        billing.round_quotient(l.n, l.divisor, p.rounding_digits, p.rounding_mode) - coalesce(c.amount, 0) AS amount
    FROM limits AS l
    INNER JOIN parts AS p ON l.subscription_key = p.subscription_key AND l.last_part_no = p.part_no
    LEFT JOIN charged AS c ON l.subscription_key = c.subscription_key
)

SELECT
    subscription_key,
    last_part_no AS part_no,
    CAST(:limit_kind AS text) AS kind,
    0 AS fee_no,
    0 AS aku_seconds,
    1 AS quantity,
    'period' AS unit,
    trim_scale(exact_amount) AS unit_price,
    exact_amount,
    amount
FROM differences
WHERE CASE CAST(:limit_kind AS text) WHEN 'maximum' THEN amount < 0 ELSE amount > 0 END
