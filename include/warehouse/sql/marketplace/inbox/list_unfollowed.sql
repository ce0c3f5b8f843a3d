-- Subscriptions that have changed at the Marketplace since the product followed, and that the product knows by now.
SELECT i.instance_id
FROM marketplace.instances AS i
INNER JOIN core.subscriptions AS s ON i.order_id = s.order_id
WHERE i.followed_at IS DISTINCT FROM i.changed_at AND s.state IN ('active', 'released')
ORDER BY i.changed_at
