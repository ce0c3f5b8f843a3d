-- The issued bills to correct, into correction_roots of this transaction: those of earlier periods of the subscriptions
-- with a draft in this period, or the one bill asked for; all that something is pending for. What is pending gives the
-- reason; a person's words go before ours.
CREATE TEMPORARY TABLE correction_roots ON COMMIT DROP AS
WITH waiting AS (
    SELECT bill_key FROM billing.corrections
    WHERE state = 'pending'
    UNION
    SELECT bill_key FROM billing.late_usage
    WHERE state = 'pending'
),

chosen AS (
    SELECT
        root.bill_key AS root_key,
        draft.bill_key AS document_key
    FROM waiting
    INNER JOIN billing.bills AS root ON waiting.bill_key = root.bill_key
    INNER JOIN billing.bills AS draft
        ON
            root.subscription_key = draft.subscription_key
            AND root.currency = draft.currency
            AND root.period_start < draft.period_start
    WHERE
        draft.period_start = CAST(:period_start AS timestamptz)
        AND draft.period_end = CAST(:period_end AS timestamptz)
        AND draft.document = 'bill'
        AND draft.state = any(:states)
        AND draft.bill_key = coalesce(CAST(:document_key AS bigint), draft.bill_key)
        AND (
            CAST(:subscriptions AS bigint[]) IS NULL
            OR draft.subscription_key = any(CAST(:subscriptions AS bigint[]))
        )
        AND root.document = 'bill'
        AND billing.is_issued(root.state)
    UNION ALL
    SELECT
        root.bill_key AS root_key,
        NULL AS document_key
    FROM waiting
    INNER JOIN billing.bills AS root ON waiting.bill_key = root.bill_key
    WHERE root.bill_key = CAST(:root_key AS bigint)
),

asked AS (
    SELECT
        bill_key,
        max(correction_key) FILTER (WHERE cause <> 'refund') AS correction_key,
        string_agg(reason, '; ' ORDER BY correction_key) FILTER (WHERE cause <> 'refund') AS reason,
        bool_or(cause = 'late_usage') AS explains_usage
    FROM billing.corrections
    WHERE state = 'pending' AND bill_key IN (SELECT root_key FROM chosen)
    GROUP BY bill_key
),

late AS (
    SELECT DISTINCT bill_key
    FROM billing.late_usage
    WHERE state = 'pending' AND bill_key IN (SELECT root_key FROM chosen)
)

SELECT
    c.root_key,
    CAST(c.document_key AS bigint) AS document_key,
    root.subscription_key,
    root.period,
    plan.time_zone,
    root.period_start,
    root.period_end,
    asked.correction_key,
    -- A refund gives back what was asked for; it is no reason to rate the period again.
    asked.correction_key IS NOT NULL OR late.bill_key IS NOT NULL AS is_rated_again,
    coalesce(
        nullif(
            concat_ws(
                '; ',
                asked.reason,
                CASE
                    WHEN late.bill_key IS NOT NULL AND asked.explains_usage IS DISTINCT FROM TRUE
                        THEN 'Usage that became known after the bill was issued'
                END
            ),
            ''
        ),
        'Refund'
    ) AS reason
FROM chosen AS c
INNER JOIN billing.bills AS root ON c.root_key = root.bill_key
INNER JOIN billing.price_plans AS plan ON root.price_plan = plan.name
LEFT JOIN asked ON c.root_key = asked.bill_key
LEFT JOIN late ON c.root_key = late.bill_key
