UPDATE marketplace.push_attempts
SET
    ended_at = :now,
    result = :result,
    answer = CAST(:answer AS jsonb),
    request_id = :request_id,
    duration_ms = :duration_ms
WHERE attempt_key = :attempt_key
