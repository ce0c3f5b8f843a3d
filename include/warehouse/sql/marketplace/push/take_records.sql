-- Into the request, if they still wait.
WITH taken AS (
    UPDATE marketplace.push_records
    SET outcome = 'sending', reason = NULL, attempt_key = :attempt_key, decided_at = NULL
    WHERE record_key = any(:record_keys) AND outcome IN ('pending', 'not_sent')
    RETURNING record_key, hour_start
)

INSERT INTO marketplace.push_attempt_records (attempt_key, record_key, hour_start)
SELECT
    :attempt_key,
    record_key,
    hour_start
FROM taken
