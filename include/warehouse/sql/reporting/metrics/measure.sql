-- Where metering is: what was metered in a day, the end of the oldest hour that is due and not closed, consoles that
-- fail, and gaps that are open.
SELECT
    (
        SELECT coalesce(sum(u.aku_seconds), 0)
        FROM metering.subscription_hours AS u
        WHERE u.hour_start >= :day_start AND u.hour_start < :day_end
    ) AS metered,
    (
        SELECT min(h.hour_start) + interval '1 hour'
        FROM metering.environment_hours AS h
        WHERE h.state IN ('open', 'stale', 'provisional') AND h.hour_start < :day_end
    ) AS oldest_due,
    (SELECT count(*) FROM metering.failing_consoles) AS failing_consoles,
    (SELECT count(*) FROM metering.gaps AS g WHERE g.state = 'open') AS open_gaps
