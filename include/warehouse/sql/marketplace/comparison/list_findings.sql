-- Open findings, and those that were resolved since.
SELECT
    finding_key,
    order_id,
    kind,
    facts,
    opened_at,
    last_seen_at,
    resolved_at
FROM marketplace.findings
WHERE resolved_at IS NULL OR resolved_at >= CAST(:resolved_since AS timestamptz)
ORDER BY opened_at, finding_key
