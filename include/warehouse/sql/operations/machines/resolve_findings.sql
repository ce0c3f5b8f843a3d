-- Resolves findings that a later complete listing, once evaluated, no longer shows. A finding stays open for at least
-- one check, so that people are notified of it. A listing that cannot be evaluated yet resolves nothing.
WITH gone AS (
    SELECT findings.discrepancy_key
    FROM operations.machine_discrepancies AS findings
    INNER JOIN operations.machine_listings AS listings
        ON findings.account_id = listings.account_id AND findings.region = listings.region
    LEFT JOIN machine_moments AS moments
        ON findings.environment_key = moments.environment_key AND listings.listed_at = moments.observed_at
    WHERE
        findings.state = 'open'
        AND findings.opened_at < :at
        AND findings.last_seen_at < listings.listed_at
        AND listings.listed_at <= :at
        AND coalesce(moments.is_known, TRUE)
        AND NOT (
            findings.kind = 'instance_without_machines'
            AND coalesce(moments.is_metered AND moments.before_at IS NULL, FALSE)
        )
)

UPDATE operations.machine_discrepancies AS findings
SET
    state = 'resolved',
    resolved_at = :at
FROM gone
WHERE findings.discrepancy_key = gone.discrepancy_key
RETURNING findings.kind
