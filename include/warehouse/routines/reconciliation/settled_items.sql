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
COMMENT ON COLUMN reconciliation.settled_items.subscription_key IS 'Subscription; null where none has the id.';
COMMENT ON COLUMN reconciliation.settled_items.subscription_id IS 'Its public id, or the id in the file.';
COMMENT ON COLUMN reconciliation.settled_items.charged_id IS
'Subscription or marketplace instance, as the file has it.';
COMMENT ON COLUMN reconciliation.settled_items.period IS 'Month that it is for, YYYY-MM in UTC+8.';
COMMENT ON COLUMN reconciliation.settled_items.hour_start IS
'Start of the UTC hour; null where the file has the month only.';
COMMENT ON COLUMN reconciliation.settled_items.kind IS 'charge or refund.';
COMMENT ON COLUMN reconciliation.settled_items.amount IS 'Before tax and commission; a refund is negative.';
COMMENT ON COLUMN reconciliation.settled_items.currency IS 'ISO 4217 code.';
COMMENT ON COLUMN reconciliation.settled_items.file_key IS 'The export that has it.';
