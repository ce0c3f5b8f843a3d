SELECT
    finding_key,
    closed_at,
    closed_as,
    closed_by,
    reason
FROM reconciliation.findings
WHERE finding_key = any(:finding_keys)
ORDER BY finding_key
FOR UPDATE
