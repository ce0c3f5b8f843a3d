-- The days of a period with hours that do not agree, by subscription and day of the zone.
SELECT
    s.subscription_id,
    d.day,
    d.currency,
    d.difference,
    d.hours,
    d.causes
FROM reconciliation.day_differences(:period, :zone) AS d
INNER JOIN core.subscriptions AS s ON d.subscription_key = s.subscription_key
WHERE s.subscription_id = coalesce(CAST(:subscription_id AS text), s.subscription_id)
ORDER BY s.subscription_id, d.day, d.currency
