-- What became of a bill that was withdrawn, or replaced, goes. Where it made usage free, the days are added up again.
WITH gone AS (
    DELETE FROM marketplace.agreement_bills AS k
    WHERE NOT EXISTS (SELECT FROM billing.bills AS b WHERE b.bill_key = k.bill_key AND b.state <> 'void')
    RETURNING k.subscription_key, k.period_start, k.period_end
)

INSERT INTO marketplace.agreement_changes (subscription_key, day_start)
SELECT
    d.subscription_key,
    d.day_start
FROM gone AS g
INNER JOIN marketplace.agreement_days AS d
    ON
        g.subscription_key = d.subscription_key
        AND d.day_start > g.period_start - interval '1 day'
        AND d.day_start < g.period_end
WHERE d.free <> 0
