-- The lines of each subscription in the order of the bill, each with its description, into rated_lines of this
-- transaction.
CREATE TEMPORARY TABLE rated_lines ON COMMIT DROP AS
WITH described AS (
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
        END
        || CASE
            WHEN l.kind NOT IN ('covered', 'included', 'usage', 'overage') THEN ''
            WHEN v.hour_measure = 'peak' THEN ', each hour at its peak'
            WHEN v.hour_measure = 'started_hour' THEN ', each started hour whole'
            ELSE ''
        END AS what,
        b.time_zone
    FROM unnumbered_lines AS l
    INNER JOIN billable_subscriptions AS b ON l.subscription_key = b.subscription_key
    LEFT JOIN rated_tiers AS t ON l.version_key = t.version_key AND l.tier = t.tier
    INNER JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
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
    metered_aku_seconds,
    quantity,
    unit,
    unit_price,
    exact_amount,
    amount,
    version_key,
    tax_rate,
    tax_is_inclusive
FROM described
