-- What became of the batch, in numbers.
SELECT
    (SELECT count(*) FROM staged_polls WHERE cause IS NULL) AS answered,
    (SELECT count(*) FROM staged_polls WHERE cause IS NOT NULL) AS failed,
    (
        SELECT count(*)
        FROM staged_rejections AS rejected
        INNER JOIN staged_polls AS polls
            ON polls.environment_key = rejected.environment_key AND polls.observed_at = rejected.observed_at
    ) AS rejected
