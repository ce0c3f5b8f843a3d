-- The gaps of an environment that touch a window, held until the transaction ends.
SELECT
    gap_key,
    gap_start,
    gap_end,
    state,
    closed_at,
    closed_by,
    closed_reason
FROM metering.gaps
WHERE
    environment_key = :environment_key
    AND gap_start < :window_end
    AND gap_end > :window_start
ORDER BY gap_key
FOR UPDATE
