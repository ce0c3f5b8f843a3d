SELECT
    from_state,
    to_state,
    who,
    reason,
    held_fingerprint,
    at
FROM billing.bill_events
WHERE bill_id = :bill_id
ORDER BY event_key
