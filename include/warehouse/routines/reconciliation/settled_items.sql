-- Items of settlement exports by the subscription that they are for, which an export may name by either of its ids. The
-- newest export that has a subscription's period counts for all of that period; null where no subscription has the id.
CREATE VIEW reconciliation.settled_items AS
WITH named AS (
    SELECT
        i.*,
        coalesce(by_id.subscription_key, by_instance.subscription_key) AS subscription_key,
        coalesce(by_id.subscription_id, by_instance.subscription_id, i.charged_id) AS subscription_id
    FROM reconciliation.settlement_items AS i
    LEFT JOIN core.subscriptions AS by_id ON i.charged_id = by_id.subscription_id
    LEFT JOIN core.subscriptions AS by_instance ON i.charged_id = by_instance.marketplace_instance_id
),

ranked AS (
    SELECT
        n.*,
        max(n.file_key) OVER (PARTITION BY n.subscription_id, n.period) AS newest_file_key
    FROM named AS n
)

SELECT
    subscription_key,
    subscription_id,
    charged_id,
    period,
    hour_start,
    kind,
    amount,
    currency,
    file_key
FROM ranked
WHERE file_key = newest_file_key;
COMMENT ON VIEW reconciliation.settled_items IS
'Settled amounts that count: of each subscription and period those of the newest export that has it.';
