-- Claims the notifications that were not sent yet: the run that inserts one here sends it, and no other run does.
INSERT INTO operations.notifications (notification_key, sentence, claimed_at)
SELECT
    given.notification_key,
    given.sentence,
    :at AS claimed_at
FROM unnest(CAST(:keys AS text[]), CAST(:sentences AS text[])) AS given (notification_key, sentence)
ORDER BY given.notification_key
ON CONFLICT DO NOTHING
RETURNING notification_key
