-- The period's documents in these states, which get fingerprints.
CREATE TEMPORARY TABLE fingerprinted_bills ON COMMIT DROP AS
SELECT
    b.*,
    s.subscription_id,
    s.started_at,
    b.subscription_ended_at AS ended_at
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.state = any(:states)
