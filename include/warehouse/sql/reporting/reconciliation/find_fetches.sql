-- Which buyers' Marketplace bills of a cycle were got: of the month, and of its hours.
SELECT
    (
        SELECT count(DISTINCT s.account_id)
        FROM billing.bills AS b
        INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
        WHERE b.period = :period AND b.document = 'bill' AND b.state <> 'void'
    ) AS buyer_count,
    (
        SELECT count(*) FROM reconciliation.marketplace_fetches AS f
        WHERE f.billing_cycle = :period AND f.fetched_at IS NOT NULL
    ) AS fetched_count,
    (
        SELECT min(f.fetched_at) FROM reconciliation.marketplace_fetches AS f WHERE f.billing_cycle = :period
    ) AS fetched_from,
    (
        SELECT count(*) FROM reconciliation.hourly_fetches AS f
        WHERE f.billing_cycle = :period AND f.fetched_at IS NOT NULL
    ) AS hourly_count,
    (
        SELECT max(v.checked_at) FROM reconciliation.verdicts AS v WHERE v.period = :period
    ) AS checked_at
