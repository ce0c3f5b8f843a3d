-- Silent: no poll was answered for longer than the tolerance. Each environment is one look into polls_answered and one
-- into polls_failed.
WITH answered AS (
    SELECT
        environments.environment_key,
        environments.environment_id,
        coalesce(
            (
                SELECT polls.observed_at
                FROM metering.polls
                WHERE
                    polls.environment_key = environments.environment_key
                    AND polls.ok
                    AND polls.observed_at <= :at
                ORDER BY polls.observed_at DESC
                LIMIT 1
            ),
            date_trunc('second', subscriptions.metering_started_at)
        ) AS last_at
    FROM core.environments
    INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
    WHERE environments.state = 'metered' AND subscriptions.metering_started_at <= :at
),

evaluated AS (
    SELECT
        *,
        CAST(:at AS timestamptz) - last_at > CAST(:tolerance AS interval) AS is_raised
    FROM answered
)

INSERT INTO evaluated_alarms (environment_key, kind, is_raised, since, facts)
SELECT
    evaluated.environment_key,
    'silent' AS kind,
    evaluated.is_raised,
    evaluated.last_at AS since,
    jsonb_build_object(
        'status',
        CASE
            WHEN NOT evaluated.is_raised THEN 'answers'
            WHEN failed.cause IS NULL THEN 'not_polled'
            ELSE 'failed'
        END,
        'environment_id', evaluated.environment_id,
        'answered_at', evaluated.last_at,
        'cause', failed.cause
    ) AS facts
FROM evaluated
LEFT JOIN LATERAL (
    SELECT polls.cause
    FROM metering.polls
    WHERE
        evaluated.is_raised
        AND polls.environment_key = evaluated.environment_key
        AND NOT polls.ok
        AND polls.observed_at > evaluated.last_at
        AND polls.observed_at <= :at
    ORDER BY polls.observed_at DESC
    LIMIT 1
) AS failed ON TRUE
