-- Held bills about which no person has said anything yet, of a period or of one bill.
SELECT
    e.event_key AS hold_key,
    b.bill_id,
    b.fingerprint
FROM billing.bills AS b
INNER JOIN LATERAL (
    SELECT
        last_event.event_key,
        last_event.held_fingerprint
    FROM billing.bill_events AS last_event
    WHERE last_event.bill_id = b.bill_id
    ORDER BY last_event.event_key DESC
    LIMIT 1
) AS e ON b.fingerprint = e.held_fingerprint
WHERE
    b.state = 'held'
    AND b.period = coalesce(CAST(:period AS text), b.period)
    AND b.bill_id = coalesce(CAST(:bill_id AS text), b.bill_id)
ORDER BY b.bill_id
