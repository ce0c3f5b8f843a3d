-- Records whether sending succeeded.
UPDATE operations.notifications
SET
    sent_at = CASE WHEN CAST(:failure AS text) IS NULL THEN CAST(:at AS timestamptz) END,
    failure = :failure
WHERE notification_key = any(CAST(:keys AS text[]))
