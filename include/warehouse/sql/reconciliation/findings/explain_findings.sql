UPDATE reconciliation.findings
SET
    closed_at = greatest(:at, opened_at),
    closed_as = 'explanation',
    closed_by = :by,
    reason = :reason
WHERE finding_key = any(:finding_keys)
