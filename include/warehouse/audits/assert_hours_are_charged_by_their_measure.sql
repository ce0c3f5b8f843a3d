-- What a bill's own lines charge, or have for free, is what its hours come to by the hour measures of its price plan
-- versions. An hour is measured by the version whose lines it lies in; where no other measure is, as metered.
WITH chosen AS (
    SELECT
        bill_key,
        subscription_key
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions)
),

lines AS (
    SELECT
        l.bill_key,
        l.line_start,
        l.line_end,
        l.aku_seconds,
        l.metered_aku_seconds,
        v.hour_measure
    FROM billing.bill_lines AS l
    INNER JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
    WHERE
        l.bill_key IN (SELECT bill_key FROM chosen)
        AND l.corrects_bill_key IS NULL
        AND l.kind IN ('usage', 'overage', 'covered', 'included')
),

billed AS (
    SELECT
        bill_key,
        sum(aku_seconds - metered_aku_seconds) AS aku_seconds
    FROM lines
    GROUP BY bill_key
),

windows AS (
    SELECT DISTINCT
        bill_key,
        line_start,
        line_end,
        hour_measure
    FROM lines
    WHERE hour_measure <> 'time_weighted'
),

-- By how much the measure makes an hour more than it was metered with.
measured AS (
    SELECT
        c.bill_key,
        sum(
            billing.charged_aku_seconds(
                w.hour_measure, h.aku_seconds, h.peak_aku, h.whole_hour_aku_seconds
            ) - h.aku_seconds
        ) AS aku_seconds
    FROM windows AS w
    INNER JOIN chosen AS c ON w.bill_key = c.bill_key
    INNER JOIN metering.subscription_hours AS h
        ON c.subscription_key = h.subscription_key AND w.line_start <= h.hour_start AND w.line_end > h.hour_start
    WHERE
        h.hour_start >= :period_start
        AND h.hour_start < :period_end
    GROUP BY c.bill_key
)

SELECT
    b.bill_key,
    jsonb_build_object(
        'billed_aku_seconds', b.aku_seconds,
        'measured_aku_seconds', coalesce(m.aku_seconds, 0)
    ) AS facts
FROM billed AS b
LEFT JOIN measured AS m ON b.bill_key = m.bill_key
WHERE b.aku_seconds <> coalesce(m.aku_seconds, 0)
