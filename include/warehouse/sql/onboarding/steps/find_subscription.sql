SELECT
    subscription_key,
    subscription_id,
    product,
    account_id,
    payment,
    price_plan,
    state,
    state_reason,
    attempt,
    service_instance_id,
    marketplace_instance_id,
    order_id,
    request,
    requested_at,
    started_at
FROM core.subscriptions
WHERE subscription_id = :subscription_id
