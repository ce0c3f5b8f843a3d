-- A bill as a person decides on it, with the number of the hold that waits for an answer: that of its last event, if it
-- is about this very draft.
SELECT
    b.bill_key,
    b.bill_id,
    b.document,
    b.subscription_key,
    s.subscription_id,
    a.account_id,
    s.environment_name,
    b.period,
    p.time_zone,
    b.state,
    b.currency,
    b.aku_seconds,
    b.subtotal,
    b.tax,
    b.tax_included,
    b.total,
    b.fingerprint,
    b.drafted_at,
    CASE WHEN b.state = 'held' AND e.held_fingerprint = b.fingerprint THEN e.event_key END AS hold_key
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
INNER JOIN core.buyers AS a ON s.account_id = a.account_id
INNER JOIN billing.price_plans AS p ON b.price_plan = p.name
LEFT JOIN LATERAL (
    SELECT
        last_event.event_key,
        last_event.held_fingerprint
    FROM billing.bill_events AS last_event
    WHERE last_event.bill_id = b.bill_id
    ORDER BY last_event.event_key DESC
    LIMIT 1
) AS e ON TRUE
WHERE b.bill_id = :bill_id
