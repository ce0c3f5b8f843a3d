-- Parked events that were decided since, oldest first.
SELECT
    event_key,
    received_at,
    source,
    action,
    instance_id,
    reason,
    facts,
    tries
FROM marketplace.inbox
WHERE state = 'parked' AND decided_at >= :since
ORDER BY event_key
