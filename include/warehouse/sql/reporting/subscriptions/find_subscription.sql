-- A subscription with its environment, what the Marketplace's events made of it, and the time zone of its months.
SELECT
    s.subscription_key,
    s.subscription_id,
    s.product,
    s.account_id,
    s.region,
    s.payment,
    s.price_plan,
    s.state,
    s.order_id,
    s.service_instance_id,
    s.marketplace_instance_id,
    i.sku_id,
    i.state AS marketplace_state,
    s.metering_started_at,
    s.expires_at,
    s.ended_at,
    e.environment_id,
    s.environment_name,
    e.state AS environment_state,
    coalesce(p.time_zone, 'Asia/Shanghai') AS time_zone
FROM core.subscriptions AS s
LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
LEFT JOIN marketplace.instances AS i ON s.marketplace_instance_id = i.marketplace_instance_id
LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
WHERE s.subscription_id = :subscription_id
