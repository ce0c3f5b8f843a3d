-- After an environment's last answer nothing is known. Hours that are closed without a further one carry that answer
-- on, so they get an interval of their own, from that answer (or the start of metering) to the end of the last such
-- hour; once the subscription has ended, to its end, which is long only as any interval between two answers is.
INSERT INTO closing_polls (
    environment_key, metered_from, ended_at, previous_at, observed_at, is_edge, is_first, is_long, is_trailing
)
SELECT
    tails.*,
    TRUE AS is_edge,
    FALSE AS is_first,
    coalesce(tails.ended_at > :at, TRUE)
    OR tails.ended_at - tails.previous_at > CAST(:tolerance AS interval) AS is_long,
    TRUE AS is_trailing
FROM (
    SELECT
        hours.environment_key,
        hours.metered_from,
        hours.ended_at,
        coalesce(hours.last_poll_at, hours.metered_from) AS previous_at,
        CASE
            WHEN hours.ended_at <= :at THEN hours.ended_at
            -- The silence may be known to go on beyond the window; its gap is one, whichever hour is closed first.
            ELSE greatest(
                max(hours.hour_end),
                (
                    SELECT max(later.hour_start) + interval '1 hour'
                    FROM metering.environment_hours AS later
                    WHERE
                        later.environment_key = hours.environment_key
                        AND later.hour_start >= :window_end
                        AND later.state = 'provisional'
                )
            )
        END AS observed_at
    FROM closing_hours AS hours
    WHERE
        hours.is_trailing
        AND hours.state <> 'open'
        AND (hours.ended_at IS NULL OR hours.ended_at > hours.hour_start)
        AND CAST(:carry AS boolean)
    GROUP BY hours.environment_key, hours.metered_from, hours.ended_at, hours.last_poll_at
) AS tails
WHERE tails.previous_at < tails.observed_at
