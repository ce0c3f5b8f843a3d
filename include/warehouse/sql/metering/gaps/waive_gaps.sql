-- Waives open gaps: who, when and why.
UPDATE metering.gaps
SET
    state = 'waived',
    closed_at = :at,
    closed_by = :closed_by,
    closed_reason = :reason
WHERE gap_key = any(CAST(:gap_keys AS bigint[])) AND state = 'open'
