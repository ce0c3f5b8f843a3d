-- Subscriptions with an event to apply now, by their oldest one: a later event of a subscription waits for it.
WITH heads AS (
    SELECT DISTINCT ON (instance_id)
        instance_id,
        event_key,
        next_try_at
    FROM marketplace.inbox
    WHERE state = 'received'
    ORDER BY instance_id, event_key
)

SELECT instance_id
FROM heads
WHERE next_try_at IS NULL OR next_try_at <= clock_timestamp()
ORDER BY event_key
