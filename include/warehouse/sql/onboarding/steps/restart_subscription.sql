-- A failed attempt left nothing behind, so the next one may ask for something else.
UPDATE core.subscriptions
SET
    network = :network,
    department = :department,
    contact = :contact,
    payment = :payment,
    price_plan = :price_plan,
    state = 'requested',
    state_reason = NULL,
    attempt = attempt + 1,
    service_instance_id = NULL,
    marketplace_instance_id = NULL,
    order_id = :order_id,
    request = CAST(:request AS JSONB),
    started_at = :started_at
WHERE subscription_id = :subscription_id AND state = 'failed'
RETURNING attempt
