-- How telling a transition went.
UPDATE operations.alarm_notifications
SET
    sent_at = CASE WHEN CAST(:failure AS text) IS NULL THEN CAST(:at AS timestamptz) END,
    failure = :failure
WHERE alarm_key = :alarm_key AND transition = :transition
