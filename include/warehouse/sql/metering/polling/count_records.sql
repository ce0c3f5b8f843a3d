-- What became of the batch, in numbers.
SELECT
    (SELECT count(*) FROM staged_polls WHERE cause IS NULL) AS answered,
    (SELECT count(*) FROM staged_polls WHERE cause IS NOT NULL) AS failed,
    (
        SELECT count(*)
        FROM staged_rejections AS rejected
        INNER JOIN staged_polls AS polls
            ON rejected.environment_key = polls.environment_key AND rejected.observed_at = polls.observed_at
    ) AS rejected
