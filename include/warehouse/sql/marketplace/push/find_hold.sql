SELECT
    decision,
    decided_by,
    reason
FROM marketplace.push_decisions
WHERE channel = :channel AND decision IN ('hold', 'release')
ORDER BY decision_key DESC
LIMIT 1
