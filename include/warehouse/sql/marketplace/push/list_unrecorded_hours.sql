-- Hours before the given one with usage that the ledger of the channel does not have, oldest first: of products whose
-- usage the marketplace measures itself.
SELECT DISTINCT u.hour_start
FROM metering.subscription_hours AS u
INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
INNER JOIN
    unnest(CAST(:products AS text[]), CAST(:dimensions AS text[])) AS i (product, dimension)
    ON s.product = i.product
WHERE
    u.hour_start >= :since
    AND u.hour_start < :until
    AND u.aku_seconds > 0
    AND s.payment = 'payg'
    AND s.marketplace_instance_id IS NOT NULL
    AND s.metering_started_at IS NOT NULL
    AND (s.ended_at IS NULL OR s.ended_at > u.hour_start)
    AND NOT EXISTS (
        SELECT FROM marketplace.push_records AS r
        WHERE
            r.channel = :channel
            AND r.subscription_key = u.subscription_key
            AND r.hour_start = u.hour_start
            AND r.dimension = i.dimension
            AND r.hour_start >= :since
            AND r.hour_start < :until
    )
ORDER BY u.hour_start
