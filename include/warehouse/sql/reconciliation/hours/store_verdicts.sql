-- The hours that do not agree.
INSERT INTO reconciliation.hour_verdicts (
    subscription_key, hour_start, period, our_amount, marketplace_amount, refunded, difference, currency,
    marketplace_currency, verdict, hypothesis
)
SELECT
    subscription_key,
    hour_start,
    :period,
    our_amount,
    marketplace_amount,
    refunded,
    difference,
    currency,
    marketplace_currency,
    verdict,
    hypothesis
FROM compared_hours
WHERE verdict <> 'agrees'
