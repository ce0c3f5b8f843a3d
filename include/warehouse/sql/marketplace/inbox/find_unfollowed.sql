-- What the subscription as it is metered and billed does not follow yet.
SELECT
    instance_id,
    order_id,
    state,
    expires_at,
    changed_at
FROM marketplace.instances
WHERE instance_id = :instance_id AND followed_at IS DISTINCT FROM changed_at
FOR UPDATE
