-- Subscriptions with an order at the Marketplace: those that events made, and those that were onboarded without. The
-- ones whose events still wait are left out: what they will be is not known yet. So are those that were released
-- earlier than released_since and have no finding: the Marketplace is not asked for ever.
SELECT
    i.order_id,
    i.instance_id AS subscription_id,
    i.marketplace_instance_id,
    i.state,
    i.expires_at
FROM marketplace.instances AS i
WHERE
    NOT EXISTS (SELECT FROM marketplace.inbox AS e WHERE e.instance_id = i.instance_id AND e.state = 'received')
    AND (
        i.state <> 'released'
        OR i.changed_at >= :released_since
        OR EXISTS (SELECT FROM marketplace.findings AS f WHERE f.order_id = i.order_id AND f.resolved_at IS NULL)
    )
UNION ALL
SELECT
    s.order_id,
    s.subscription_id,
    s.marketplace_instance_id,
    s.state,
    s.expires_at
FROM core.subscriptions AS s
WHERE
    s.order_id IS NOT NULL
    AND (
        s.state = 'active'
        OR s.state = 'released' AND (
            s.ended_at >= :released_since
            OR EXISTS (SELECT FROM marketplace.findings AS f WHERE f.order_id = s.order_id AND f.resolved_at IS NULL)
        )
    )
    AND NOT EXISTS (SELECT FROM marketplace.instances AS i WHERE i.order_id = s.order_id)
ORDER BY order_id
