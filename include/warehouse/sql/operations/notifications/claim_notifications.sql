-- Takes the notices that nobody has told: whoever enters one here tells it, and nobody else will.
INSERT INTO metering.notices (notice_key, sentence, claimed_at)
SELECT
    given.notice_key,
    given.sentence,
    :at AS claimed_at
FROM unnest(CAST(:keys AS text[]), CAST(:sentences AS text[])) AS given (notice_key, sentence)
ORDER BY given.notice_key
ON CONFLICT DO NOTHING
RETURNING notice_key
