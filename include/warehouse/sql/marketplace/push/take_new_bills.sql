-- Bills that were not added up yet, the newest periods first. Those with included usage make some of it free, so their
-- days are added up again.
WITH new AS MATERIALIZED (
    SELECT
        b.bill_key,
        b.subscription_key
    FROM billing.bills AS b
    LEFT JOIN marketplace.agreement_bills AS k ON b.bill_key = k.bill_key
    WHERE b.document = 'bill' AND b.state <> 'void' AND k.bill_key IS NULL
    ORDER BY b.period_start DESC, b.bill_key ASC
    LIMIT :at_most
),

noted AS (
    INSERT INTO marketplace.agreement_changes (subscription_key, day_start)
    SELECT DISTINCT
        d.subscription_key,
        d.day_start
    FROM new AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
    INNER JOIN marketplace.agreement_days AS d
        ON
            b.subscription_key = d.subscription_key
            AND d.day_start > l.line_start - interval '1 day'
            AND d.day_start < l.line_end
    WHERE l.kind = 'included' AND l.corrects_bill_key IS NULL
)

SELECT bill_key FROM new
