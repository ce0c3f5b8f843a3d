-- After an environment's last answer nothing is known. Hours that are closed provisionally carry that answer on, so
-- they get an interval of their own, from that answer (or the start of metering) to the end of the last such hour.
INSERT INTO closing_polls (
    environment_key, poll_number, metered_from, previous_at, observed_at, is_edge, is_first, is_long, is_tail
)
SELECT
    hours.environment_key,
    coalesce(max(polls.poll_number), 0) + 1 AS poll_number,
    min(hours.metered_from) AS metered_from,
    coalesce(max(hours.last_poll_at), min(hours.metered_from)) AS previous_at,
    greatest(max(hours.hour_end), max(later.provisional_until)) AS observed_at,
    TRUE AS is_edge,
    FALSE AS is_first,
    TRUE AS is_long,
    TRUE AS is_tail
FROM (
    SELECT * FROM closing_hours
    WHERE state = 'provisional' AND CAST(:carry AS boolean)
) AS hours
LEFT JOIN (
    SELECT
        environment_key,
        max(poll_number) AS poll_number
    FROM closing_polls
    GROUP BY environment_key
) AS polls ON hours.environment_key = polls.environment_key
-- The silence may be known to go on beyond the window; its gap is one, whichever hour is closed first.
LEFT JOIN (
    SELECT
        environment_key,
        max(hour_start) + interval '1 hour' AS provisional_until
    FROM metering.environment_hours
    WHERE hour_start >= :window_end AND state = 'provisional'
    GROUP BY environment_key
) AS later ON hours.environment_key = later.environment_key
GROUP BY hours.environment_key
