-- The product has followed; from now on both ids of the subscription are known, ours and the Marketplace's.
UPDATE marketplace.instances AS i
SET
    followed_at = :changed_at,
    marketplace_instance_id = coalesce(
        (SELECT s.marketplace_instance_id FROM core.subscriptions AS s WHERE s.order_id = i.order_id),
        i.marketplace_instance_id
    )
WHERE i.instance_id = :instance_id
