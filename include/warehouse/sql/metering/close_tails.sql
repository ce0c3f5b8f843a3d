-- After an environment's last answer nothing is known. Hours that are closed provisionally carry that answer on, so
-- they get an interval of their own, from that answer (or the start of metering) to the end of the last such hour.
INSERT INTO closing_polls (
    environment_key, metered_from, previous_at, observed_at, is_edge, is_first, is_long, is_tail
)
SELECT
    hours.environment_key,
    hours.metered_from,
    coalesce(hours.last_poll_at, hours.metered_from) AS previous_at,
    -- The silence may be known to go on beyond the window; its gap is one, whichever hour is closed first.
    greatest(
        max(hours.hour_end),
        (
            SELECT max(later.hour_start) + interval '1 hour'
            FROM metering.environment_hours AS later
            WHERE
                later.environment_key = hours.environment_key
                AND later.hour_start >= :window_end
                AND later.state = 'provisional'
        )
    ) AS observed_at,
    TRUE AS is_edge,
    FALSE AS is_first,
    TRUE AS is_long,
    TRUE AS is_tail
FROM closing_hours AS hours
WHERE hours.state = 'provisional' AND CAST(:carry AS boolean)
GROUP BY hours.environment_key, hours.metered_from, hours.last_poll_at
