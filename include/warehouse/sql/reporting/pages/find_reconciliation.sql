-- The verdict on a subscription's period, and why the Marketplace's bill could not be got where there is none.
SELECT
    r.verdict,
    r.facts,
    r.our_amount,
    r.marketplace_amount,
    r.difference,
    r.currency,
    r.is_final,
    r.checked_at,
    f.fetched_at,
    f.failure,
    f.attempted_at
FROM core.subscriptions AS s
LEFT JOIN reconciliation.verdicts AS r ON s.subscription_key = r.subscription_key AND r.period = :period
LEFT JOIN reconciliation.marketplace_fetches AS f ON s.account_id = f.account_id AND f.billing_cycle = :period
WHERE s.subscription_key = :subscription_key
