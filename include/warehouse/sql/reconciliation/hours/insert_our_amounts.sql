-- What rating charges by hour (our_hours), of the subscriptions that the Marketplace's bill has hours of. An hour that
-- costs nothing is not charged, so it is not missing there; but what it would cost by another measure may be on the
-- Marketplace's bill.
INSERT INTO reconciliation.hour_amounts (
    is_ours, subscription_id, hour_start, amount, currency, peak_amount, started_hour_amount, uncovered_amount
)
SELECT
    TRUE AS is_ours,
    b.subscription_id,
    o.hour_start,
    o.amount,
    o.currency,
    o.peak_amount,
    o.started_hour_amount,
    o.uncovered_amount
FROM our_hours AS o
INNER JOIN compared_bills AS b ON o.subscription_key = b.subscription_key
WHERE b.subscription_id IN (SELECT t.subscription_id FROM reconciliation.hour_amounts AS t WHERE NOT t.is_ours)
