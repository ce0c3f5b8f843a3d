SELECT
    event_key,
    action,
    instance_id,
    state
FROM marketplace.inbox
WHERE event_key = :event_key
FOR UPDATE
