-- How many polls came out how: answered, or why they failed.
SELECT
    coalesce(cause, 'answered') AS outcome,
    count(*) AS polls
FROM metering.polls
GROUP BY outcome
