-- The oldest event of the subscription that is not applied, unless its time to be tried again has not come.
WITH head AS (
    SELECT event_key
    FROM marketplace.inbox
    WHERE state = 'received' AND instance_id = :instance_id
    ORDER BY event_key
    LIMIT 1
)

SELECT
    event_key,
    received_at,
    action,
    parameters,
    tries
FROM marketplace.inbox
WHERE
    event_key = (SELECT event_key FROM head)
    AND (next_try_at IS NULL OR next_try_at <= clock_timestamp())
FOR UPDATE
