-- The lines of each subscription in the order of the bill, into rated_lines of this transaction: each licence term that
-- starts in the period, and before the subscription ended, then the rated charges. A line of zero is still a line, and
-- so is usage of zero.
CREATE TEMPORARY TABLE rated_lines ON COMMIT DROP AS
WITH licences AS (
    SELECT
        p.subscription_key,
        p.version_key,
        p.tax_rate,
        p.tax_is_inclusive,
        p.rounding_digits,
        p.rounding_mode,
        l.term_start,
        l.term_end,
        l.capacity_aku,
        l.capacity_aku * l.term_months AS quantity,
        coalesce(v.licence_price_per_aku_month, 0) AS unit_price,
        l.capacity_aku * l.term_months * coalesce(v.licence_price_per_aku_month, 0) AS exact_amount
    FROM cumulative_quantities AS p
    INNER JOIN core.licences AS l
        ON
            p.subscription_key = l.subscription_key
            AND p.segment_start <= l.term_start
            AND p.segment_end > l.term_start
    INNER JOIN billable_subscriptions AS s
        ON p.subscription_key = s.subscription_key AND (s.ended_at IS NULL OR s.ended_at > l.term_start)
    INNER JOIN billing.price_plan_versions AS v ON p.version_key = v.version_key
),

unused AS (
    SELECT
        p.*,
        t.tier,
        t.unit_price
    FROM cumulative_quantities AS p
    INNER JOIN rated_tiers AS t ON p.version_key = t.version_key AND t.tier = 1
    WHERE
        p.is_last
        AND NOT EXISTS (
            SELECT FROM rated_charges AS c
            WHERE c.subscription_key = p.subscription_key AND c.aku_seconds > 0
        )
),

-- What adjusts the sum is about all segments that it was taken over.
charges AS (
    SELECT
        c.*,
        CASE
            WHEN c.kind = 'maximum'
                THEN min(p.segment_start) FILTER (WHERE p.maximum_charge IS NOT NULL) OVER period
            WHEN c.kind = 'minimum'
                THEN min(p.segment_start) FILTER (WHERE p.minimum_charge IS NOT NULL) OVER period
            ELSE p.segment_start
        END AS line_start,
        p.segment_end AS line_end,
        p.version_key,
        p.tax_rate,
        p.tax_is_inclusive,
        p.discount_percent
    FROM cumulative_quantities AS p
    LEFT JOIN rated_charges AS c ON p.subscription_key = c.subscription_key AND p.segment_no = c.segment_no
    WINDOW period AS (PARTITION BY p.subscription_key)
),

lines AS (
    SELECT
        subscription_key,
        0 AS segment_no,
        'licence' AS kind,
        CAST(NULL AS integer) AS tier,
        CAST(NULL AS text) AS name,
        0 AS fee_no,
        term_start AS line_start,
        term_end AS line_end,
        CAST(0 AS bigint) AS aku_seconds,
        CAST(quantity AS numeric) AS quantity,
        'AKU-month' AS unit,
        unit_price,
        exact_amount,
        billing.round_amount(exact_amount, rounding_digits, rounding_mode) AS amount,
        version_key,
        tax_rate,
        tax_is_inclusive,
        CAST(capacity_aku AS numeric) AS detail
    FROM licences
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        'usage' AS kind,
        tier,
        NULL AS name,
        0 AS fee_no,
        segment_start AS line_start,
        segment_end AS line_end,
        0 AS aku_seconds,
        CAST('0.000000' AS numeric) AS quantity,
        'AKU-hour' AS unit,
        unit_price,
        0 AS exact_amount,
        CAST('0e-' || rounding_digits AS numeric) AS amount,
        version_key,
        tax_rate,
        tax_is_inclusive,
        NULL AS detail
    FROM unused
    UNION ALL
    SELECT
        subscription_key,
        segment_no,
        kind,
        tier,
        name,
        fee_no,
        line_start,
        line_end,
        aku_seconds,
        quantity,
        unit,
        unit_price,
        exact_amount,
        amount,
        version_key,
        tax_rate,
        tax_is_inclusive,
        discount_percent AS detail
    FROM charges
    WHERE kind IS NOT NULL
),

ranked AS (
    SELECT
        l.*,
        array_position(
            ARRAY['licence', 'covered', 'included', 'usage', 'flat_fee', 'fee', 'discount', 'maximum', 'minimum'],
            CASE l.kind WHEN 'overage' THEN 'usage' ELSE l.kind END
        ) AS kind_no,
        CASE l.kind
            WHEN 'licence' THEN 'Licence for ' || l.detail || ' AKU'
            WHEN 'covered' THEN 'Usage within the licence'
            WHEN 'included' THEN 'Included usage'
            WHEN 'overage' THEN 'Usage above the licence'
            WHEN 'usage'
                THEN
                    'Usage of AutoMQ Kafka Units'
                    || CASE WHEN t.tier_count > 1 THEN ' in tier ' || l.tier ELSE '' END
            WHEN 'flat_fee' THEN 'Fee' || CASE WHEN t.tier_count > 1 THEN ' of tier ' || l.tier ELSE '' END
            WHEN 'fee' THEN l.name
            WHEN 'discount' THEN 'Discount of ' || trim_scale(l.detail) || ' %'
            WHEN 'maximum' THEN 'Reduction to the maximum charge'
            WHEN 'minimum' THEN 'Addition up to the minimum charge'
        END AS what,
        b.time_zone
    FROM lines AS l
    INNER JOIN billable_subscriptions AS b ON l.subscription_key = b.subscription_key
    LEFT JOIN rated_tiers AS t ON l.version_key = t.version_key AND l.tier = t.tier
)

SELECT
    subscription_key,
    CAST(
        row_number() OVER (
            PARTITION BY subscription_key
            ORDER BY kind_no, segment_no, line_start, line_end, tier, fee_no, quantity, detail
        ) AS integer
    ) AS line_no,
    kind,
    tier,
    name,
    format(
        '%s, %s to %s',
        what,
        CAST(line_start AT TIME ZONE time_zone AS date),
        CAST(line_end AT TIME ZONE time_zone - interval '1 second' AS date)
    ) AS description,
    line_start,
    line_end,
    aku_seconds,
    quantity,
    unit,
    unit_price,
    exact_amount,
    amount,
    version_key,
    tax_rate,
    tax_is_inclusive
FROM ranked
