SELECT
    instance_id AS marketplace_instance_id,
    order_id,
    sku_id,
    state,
    expires_at,
    applied
FROM marketplace.instances
WHERE instance_id = :instance_id
FOR UPDATE
