-- The verdict on a subscription's period, what remains of the bill since, compared with what the Marketplace charges
-- less its refunds, and why the Marketplace's bill could not be got where there is none.
WITH theirs AS (
    SELECT
        sum(c.amount) FILTER (WHERE c.amount >= 0) AS charged,
        sum(c.amount) FILTER (WHERE c.amount < 0) AS refunded
    FROM core.subscriptions AS s
    INNER JOIN reconciliation.marketplace_charges AS c
        ON s.marketplace_instance_id = c.marketplace_instance_id AND s.account_id = c.account_id
    WHERE s.subscription_key = :subscription_key AND c.billing_cycle = :period
)

SELECT
    r.verdict,
    r.facts,
    r.our_amount,
    r.marketplace_amount,
    r.difference,
    r.currency,
    r.is_final,
    r.checked_at,
    coalesce(n.amount, 0) AS corrected,
    coalesce(t.refunded, 0) AS refunded,
    CASE WHEN n.amount <> 0 OR t.refunded <> 0 THEN r.our_amount + n.amount END AS remaining,
    CASE
        WHEN n.amount <> 0 OR t.refunded <> 0
            THEN
                reconciliation.verdict_with_refunds(
                    r.our_amount + n.amount, t.charged, t.refunded, r.facts ->> 'cause' = 'currency', r.hours_charged
                )
    END AS verdict_now,
    f.fetched_at,
    f.failure,
    f.attempted_at
FROM core.subscriptions AS s
CROSS JOIN theirs AS t
LEFT JOIN reconciliation.verdicts AS r ON s.subscription_key = r.subscription_key AND r.period = :period
LEFT JOIN LATERAL (SELECT reconciliation.corrections_of(r.bill_key) AS amount) AS n ON TRUE
LEFT JOIN reconciliation.marketplace_fetches AS f ON s.account_id = f.account_id AND f.billing_cycle = :period
WHERE s.subscription_key = :subscription_key
