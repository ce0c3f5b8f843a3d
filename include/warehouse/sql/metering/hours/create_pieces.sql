-- Intervals cut at hours and measured once for each environment, not for each of its instances: each touches the hour
-- in which it begins, and the hours that begin within it. Hours in a freeze have none, so nothing is used in them.
CREATE TEMPORARY TABLE closing_pieces ON COMMIT DROP AS
WITH touched AS (
    SELECT
        polls.*,
        hours.hour_start,
        hours.hour_end
    FROM closing_polls AS polls
    INNER JOIN closing_hours AS hours
        ON polls.environment_key = hours.environment_key AND date_trunc('hour', polls.previous_at) = hours.hour_start
    WHERE hours.state <> 'open' AND NOT hours.is_frozen
    UNION ALL
    SELECT
        polls.*,
        hours.hour_start,
        hours.hour_end
    FROM closing_polls AS polls
    INNER JOIN closing_hours AS hours
        ON
            polls.environment_key = hours.environment_key
            AND polls.previous_at < hours.hour_start
            AND polls.observed_at > hours.hour_start
    WHERE
        hours.state <> 'open'
        AND NOT hours.is_frozen
        -- Few intervals are looked at here: those in which an hour begins.
        AND date_trunc('hour', polls.observed_at - interval '1 second') > polls.previous_at
)

SELECT
    cut.*,
    CAST(extract(EPOCH FROM cut.to_at - cut.from_at) AS integer) AS seconds
FROM (
    SELECT
        environment_key,
        observed_at,
        is_long,
        hour_start,
        greatest(previous_at, metered_from, hour_start, :window_start) AS from_at,
        least(observed_at, ended_at, hour_end, :window_end) AS to_at
    FROM touched
) AS cut
WHERE cut.from_at < cut.to_at
