-- A console that answered is not failing any more; an answer from before its last failure says nothing.
DELETE FROM metering.failing_consoles AS failing
USING staged_polls AS answered
WHERE
    answered.environment_key = failing.environment_key
    AND answered.cause IS NULL
    AND answered.observed_at >= failing.last_failed_at
