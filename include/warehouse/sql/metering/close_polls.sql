-- The answered polls of the window in their order, each with the one before it: an interval. The poll before the window
-- has no interval here; it only says what was so when the first one began. An environment's very first poll has the
-- interval since metering started.
CREATE TEMPORARY TABLE closing_polls ON COMMIT DROP AS
WITH answered AS (
    SELECT
        environments.environment_key,
        polls.observed_at,
        FALSE AS is_edge
    FROM closing_environments AS environments
    INNER JOIN metering.polls ON environments.environment_key = polls.environment_key
    WHERE polls.ok AND polls.observed_at > :window_start AND polls.observed_at < :window_end
    UNION ALL
    SELECT
        environments.environment_key,
        edges.observed_at,
        TRUE AS is_edge
    FROM closing_environments AS environments
    CROSS JOIN LATERAL (VALUES (environments.before_at), (environments.after_at)) AS edges (observed_at)
    WHERE edges.observed_at IS NOT NULL
),

numbered AS (
    SELECT
        answered.environment_key,
        row_number() OVER polled AS poll_number,
        environments.metered_from,
        lag(answered.observed_at, 1, CASE WHEN environments.before_at IS NULL THEN environments.metered_from END)
            OVER polled AS previous_at,
        answered.observed_at,
        answered.is_edge,
        environments.before_at IS NULL AND row_number() OVER polled = 1 AS is_first
    FROM answered
    INNER JOIN closing_environments AS environments ON answered.environment_key = environments.environment_key
    WINDOW polled AS (PARTITION BY answered.environment_key ORDER BY answered.observed_at)
)

SELECT
    *,
    observed_at - previous_at > CAST(:tolerance AS interval) AS is_long,
    FALSE AS is_tail
FROM numbered
