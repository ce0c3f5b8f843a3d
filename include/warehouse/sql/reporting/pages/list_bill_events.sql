SELECT
    at,
    from_state,
    to_state,
    who,
    reason,
    findings,
    rejected_fingerprint IS NOT NULL AS is_rejection
FROM billing.bill_events
WHERE bill_id = :bill_id
ORDER BY event_key
