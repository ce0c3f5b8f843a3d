-- The gaps of these keys, held until the transaction ends.
SELECT
    gap_key,
    gap_start,
    gap_end,
    state,
    closed_at,
    closed_by,
    closed_reason
FROM metering.gaps
WHERE gap_key = any(CAST(:gap_keys AS bigint[]))
ORDER BY gap_key
FOR UPDATE
