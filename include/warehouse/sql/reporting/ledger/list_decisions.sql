-- What people decided about a record.
SELECT
    decision,
    decided_by,
    reason,
    decided_at
FROM marketplace.push_decisions
WHERE record_key = :record_key
ORDER BY decision_key
