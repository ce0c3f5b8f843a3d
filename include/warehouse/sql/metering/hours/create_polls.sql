-- The answered polls of the window in their order, each with the one before it: an interval. The poll before the window
-- has no interval here; it only says what was so when the first one began. An environment's very first poll has the
-- interval since metering started. What an answer says of the time after the end of the subscription is cut off.
CREATE TEMPORARY TABLE closing_polls ON COMMIT DROP AS
WITH answered AS (
    SELECT
        environments.environment_key,
        environments.metered_from,
        environments.ended_at,
        environments.before_at,
        polls.observed_at,
        FALSE AS is_edge
    FROM closing_environments AS environments
    INNER JOIN metering.polls ON environments.environment_key = polls.environment_key
    WHERE polls.ok AND polls.observed_at > :window_start AND polls.observed_at < :window_end
    UNION ALL
    SELECT
        environments.environment_key,
        environments.metered_from,
        environments.ended_at,
        environments.before_at,
        edges.observed_at,
        TRUE AS is_edge
    FROM closing_environments AS environments
    CROSS JOIN LATERAL (VALUES (environments.before_at), (environments.after_at)) AS edges (observed_at)
    WHERE edges.observed_at IS NOT NULL
),

ordered AS (
    SELECT
        environment_key,
        metered_from,
        ended_at,
        lag(observed_at, 1, CASE WHEN before_at IS NULL THEN metered_from END) OVER polled AS previous_at,
        observed_at,
        is_edge,
        before_at IS NULL AND lag(observed_at) OVER polled IS NULL AS is_first
    FROM answered
    WINDOW polled AS (PARTITION BY environment_key ORDER BY observed_at)
)

SELECT
    *,
    least(observed_at, ended_at) - previous_at > CAST(:tolerance AS interval) AS is_long,
    FALSE AS is_trailing
FROM ordered
