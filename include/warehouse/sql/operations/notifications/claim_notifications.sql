-- Takes the notices that nobody has told: whoever enters one here tells it, and nobody else will.
INSERT INTO operations.notifications (notification_key, sentence, claimed_at)
SELECT
    given.notification_key,
    given.sentence,
    :at AS claimed_at
FROM unnest(CAST(:keys AS text[]), CAST(:sentences AS text[])) AS given (notification_key, sentence)
ORDER BY given.notification_key
ON CONFLICT DO NOTHING
RETURNING notification_key
