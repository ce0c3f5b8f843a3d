-- The newest periods that have a bill, or a charge of the Marketplace, with how far both sides agree.
WITH subscriptions AS (
    SELECT
        coalesce(b.period, v.period) AS period,
        v.verdict,
        v.is_final
    FROM (SELECT * FROM billing.bills WHERE document = 'bill' AND state <> 'void') AS b
    FULL JOIN reconciliation.verdicts AS v ON b.subscription_key = v.subscription_key AND b.period = v.period
),

findings AS (
    SELECT
        period,
        count(*) AS finding_count
    FROM reconciliation.findings
    WHERE closed_at IS NULL
    GROUP BY period
)

SELECT
    s.period,
    count(*) AS subscription_count,
    count(*) FILTER (WHERE s.verdict = 'agrees') AS agreeing_count,
    count(*) FILTER (WHERE s.verdict = 'differs_by_rounding') AS rounding_count,
    count(*) FILTER (WHERE s.verdict IN ('differs', 'missing_here', 'missing_there')) AS differing_count,
    count(*) FILTER (WHERE s.verdict IS NULL) AS unknown_count,
    count(*) FILTER (WHERE NOT s.is_final) AS provisional_count,
    coalesce(max(f.finding_count), 0) AS finding_count
FROM subscriptions AS s
LEFT JOIN findings AS f ON s.period = f.period
GROUP BY s.period
ORDER BY s.period DESC
LIMIT :at_most
