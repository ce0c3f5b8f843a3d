-- What was ordered at the Marketplace and is not onboarded, nor asked to be.
SELECT
    i.instance_id,
    i.order_id,
    i.account_id
FROM marketplace.instances AS i
LEFT JOIN core.subscriptions AS s ON i.order_id = s.order_id
WHERE i.onboarding_run IS NULL AND i.state = 'active' AND s.subscription_key IS NULL
ORDER BY i.created_at
