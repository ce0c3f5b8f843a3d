-- The subscription of a Marketplace order; no other session changes it meanwhile.
SELECT
    s.subscription_key,
    s.subscription_id,
    s.state = 'active' AS is_active,
    s.state = 'released' AS is_released,
    s.expires_at,
    (SELECT max(f.frozen_until) FROM core.freezes AS f WHERE f.subscription_key = s.subscription_key) AS thawed_at,
    (
        SELECT count(*) > 0
        FROM core.freezes AS f
        WHERE f.subscription_key = s.subscription_key AND f.frozen_until IS NULL
    ) AS is_frozen
FROM core.subscriptions AS s
WHERE s.order_id = :order_id
FOR NO KEY UPDATE OF s
