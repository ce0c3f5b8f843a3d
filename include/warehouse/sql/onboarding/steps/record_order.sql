UPDATE core.subscriptions
SET
    state = 'ordered',
    state_reason = NULL,
    service_instance_id = :service_instance_id,
    marketplace_instance_id = :marketplace_instance_id,
    order_id = coalesce(:order_id, order_id)
WHERE subscription_key = :subscription_key AND state = 'requested'
