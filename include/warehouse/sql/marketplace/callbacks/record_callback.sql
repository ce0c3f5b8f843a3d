-- Stores a callback, and says whether createInstance may be answered with its id: once the environment is metered.
WITH stored AS (
    INSERT INTO marketplace.inbox (action, query, parameters, instance_id)
    VALUES (:action, :query, CAST(:parameters AS jsonb), :instance_id)
)

SELECT
    :may_be_answered
    AND EXISTS (SELECT FROM marketplace.ready_instances WHERE instance_id = :instance_id) AS is_ready
