-- The requests that had a record, the newest first, with what was sent and what came back.
SELECT
    a.attempt_key,
    a.begun_at,
    a.ended_at,
    a.result,
    a.request,
    a.answer,
    a.request_id,
    a.duration_ms,
    count(*) OVER () AS match_count
FROM marketplace.push_attempt_records AS m
INNER JOIN marketplace.push_attempts AS a ON m.attempt_key = a.attempt_key
WHERE m.record_key = :record_key
ORDER BY a.attempt_key DESC
LIMIT :at_most
