-- Polls that failed within a window, by cause.
SELECT
    cause,
    count(*) AS poll_count,
    min(observed_at) AS first_at,
    max(observed_at) AS last_at
FROM metering.polls
WHERE
    environment_key = :environment_key
    AND NOT ok
    AND observed_at >= :window_start
    AND observed_at < :window_end
GROUP BY cause
ORDER BY first_at
