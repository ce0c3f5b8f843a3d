-- Instances whose environment is metered, or was until it was released: from then on createInstance is always answered
-- with the id, because such an environment is never removed.
CREATE VIEW marketplace.ready_instances AS
SELECT i.instance_id
FROM marketplace.instances AS i
INNER JOIN core.subscriptions AS s ON i.order_id = s.order_id
INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
WHERE e.state IN ('metered', 'released');
COMMENT ON VIEW marketplace.ready_instances IS 'Instances for which createInstance is answered with their id.';
COMMENT ON COLUMN marketplace.ready_instances.instance_id IS 'Id that callbacks name, as in marketplace.instances.';
