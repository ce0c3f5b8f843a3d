-- What the subscriptions of the period's drafts were charged, in it and in the twelve months before: before tax,
-- without licences, which come once a term, and without what corrects other periods.
WITH drafts AS (
    SELECT
        subscription_key,
        currency
    FROM billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions)
)

SELECT
    b.subscription_key,
    b.bill_key,
    b.period,
    b.currency,
    b.state = 'draft' AS is_draft,
    b.aku_seconds,
    coalesce(sum(l.amount), 0) AS amount
FROM drafts AS d
INNER JOIN billing.bills AS b ON d.subscription_key = b.subscription_key AND d.currency = b.currency
LEFT JOIN billing.bill_lines AS l
    ON
        b.bill_key = l.bill_key
        AND l.corrects_bill_key IS NULL
        AND l.kind <> 'licence'
WHERE
    b.document = 'bill'
    AND (
        (b.state = 'draft' AND b.period_start = :period_start)
        OR (
            billing.is_issued(b.state)
            AND b.period_start < :period_start
            AND b.period_start >= CAST(:period_start AS timestamptz) - interval '370 days'
        )
    )
GROUP BY b.bill_key
