-- What was metered in the period is what the bill's own lines are about, to the AKU-second: charged, included, within a
-- licence or above it. That the sums by hour are those of the usage is a claim of its own.
WITH metered AS (
    SELECT
        subscription_key,
        sum(aku_seconds) AS aku_seconds
    FROM metering.subscription_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND (CAST(:subscriptions AS bigint[]) IS NULL OR subscription_key = any(CAST(:subscriptions AS bigint[])))
    GROUP BY subscription_key
),

billed AS (
    SELECT
        b.bill_key,
        b.subscription_key,
        coalesce(sum(l.metered_aku_seconds), 0) AS aku_seconds
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    LEFT JOIN billing.bill_lines AS l
        ON
            b.bill_key = l.bill_key
            AND l.corrects_bill_key IS NULL
            AND l.kind IN ('usage', 'overage', 'covered', 'included')
    GROUP BY b.bill_key, b.subscription_key
)

SELECT
    b.bill_key,
    jsonb_build_object(
        'billed_aku_seconds', b.aku_seconds,
        'metered_aku_seconds', coalesce(m.aku_seconds, 0)
    ) AS facts
FROM billed AS b
LEFT JOIN metered AS m ON b.subscription_key = m.subscription_key
WHERE b.aku_seconds <> coalesce(m.aku_seconds, 0)
