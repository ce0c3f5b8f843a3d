-- Which environments the closing speaks of, and the answered polls that enclose its window: the last one at or before
-- its start and the first one at or after its end. Each is one look into polls_answered, however many polls are kept.
-- One that is metered from later on, or whose subscription had ended before, is spoken of where hours of it were
-- closed: they are taken back.
CREATE TEMPORARY TABLE closing_environments ON COMMIT DROP AS
SELECT
    environments.environment_key,
    environments.subscription_key,
    date_trunc('second', subscriptions.metering_started_at) AS metered_from,
    date_trunc('second', subscriptions.ended_at) AS ended_at,
    enclosing.before_at,
    enclosing.after_at
FROM core.environments
INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
CROSS JOIN
    LATERAL (
        SELECT
            (
                SELECT polls.observed_at
                FROM metering.polls
                WHERE
                    polls.environment_key = environments.environment_key
                    AND polls.ok
                    AND polls.observed_at <= :window_start
                ORDER BY polls.observed_at DESC
                LIMIT 1
            ) AS before_at,
            (
                SELECT polls.observed_at
                FROM metering.polls
                WHERE
                    polls.environment_key = environments.environment_key
                    AND polls.ok
                    AND polls.observed_at >= :window_end
                ORDER BY polls.observed_at ASC
                LIMIT 1
            ) AS after_at
    ) AS enclosing
WHERE
    (
        (
            subscriptions.metering_started_at < :window_end
            AND (subscriptions.ended_at IS NULL OR subscriptions.ended_at > :window_start)
        )
        OR EXISTS (
            SELECT FROM metering.environment_hours AS kept
            WHERE
                kept.environment_key = environments.environment_key
                AND kept.hour_start >= date_trunc('hour', CAST(:window_start AS timestamptz))
                AND kept.hour_start < :window_end
        )
    )
    AND (
        CAST(:environments AS bigint[]) IS NULL
        OR environments.environment_key = any(CAST(:environments AS bigint[]))
    )
