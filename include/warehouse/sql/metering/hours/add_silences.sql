-- An interval longer than the tolerance in which the environment answered no poll is a gap of the whole environment,
-- for the reason that the last failed poll in it gave; not_asked when it was not polled.
INSERT INTO closing_gaps (environment_key, gap_start, gap_end, cause)
SELECT
    polls.environment_key,
    greatest(polls.previous_at, polls.metered_from) AS gap_start,
    least(polls.observed_at, polls.ended_at) AS gap_end,
    coalesce(
        (
            SELECT failed.cause
            FROM metering.polls AS failed
            WHERE
                failed.environment_key = polls.environment_key
                AND NOT failed.ok
                AND failed.observed_at > polls.previous_at
                AND failed.observed_at < least(polls.observed_at, polls.ended_at)
            ORDER BY failed.observed_at DESC
            LIMIT 1
        ),
        'not_asked'
    ) AS cause
FROM closing_polls AS polls
WHERE
    polls.is_long
    AND greatest(polls.previous_at, polls.metered_from) < least(polls.observed_at, polls.ended_at)
