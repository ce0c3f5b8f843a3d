-- The hours of a period that do not agree, with the subscription and the day of UTC+8 that each is in.
SELECT
    s.subscription_id,
    CAST(h.hour_start AT TIME ZONE :zone AS date) AS day,
    h.currency,
    h.difference,
    coalesce(h.hypothesis, h.verdict) AS cause
FROM reconciliation.hour_verdicts AS h
INNER JOIN core.subscriptions AS s ON h.subscription_key = s.subscription_key
WHERE
    h.period = :period
    AND s.subscription_id = coalesce(CAST(:subscription_id AS text), s.subscription_id)
ORDER BY s.subscription_id, h.hour_start
