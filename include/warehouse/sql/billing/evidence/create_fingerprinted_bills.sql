-- The documents to take fingerprints of.
CREATE TEMPORARY TABLE fingerprinted_bills ON COMMIT DROP AS
SELECT
    b.*,
    s.subscription_id,
    s.started_at,
    b.subscription_ended_at AS ended_at
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    b.bill_key = any(:bill_keys)
