-- Waives open gaps: who, when and why.
UPDATE metering.gaps
SET
    state = 'waived',
    settled_at = :at,
    settled_by = :settled_by,
    settled_reason = :reason
WHERE gap_key = any(CAST(:gap_keys AS bigint[])) AND state = 'open'
