SELECT
    at,
    from_state,
    to_state,
    who,
    reason
FROM billing.bill_events
WHERE bill_id = :bill_id
ORDER BY event_key
