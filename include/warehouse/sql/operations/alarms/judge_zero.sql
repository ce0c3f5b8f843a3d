-- Dropped to zero: the newest answer has no billable AKU, an earlier one shortly before had some. It stays on until
-- there are AKU again, or until it has lasted so long that it is taken as meant.
WITH newest AS (
    SELECT
        environments.environment_key,
        environments.environment_id,
        answer.observed_at,
        size.aku
    FROM core.environments
    CROSS JOIN
        LATERAL (
            SELECT polls.observed_at
            FROM metering.polls
            WHERE polls.environment_key = environments.environment_key AND polls.ok AND polls.observed_at <= :at
            ORDER BY polls.observed_at DESC
            LIMIT 1
        ) AS answer
    CROSS JOIN
        LATERAL (
            SELECT coalesce(sum(readings.aku) FILTER (WHERE readings.state = any(:billable_states)), 0) AS aku
            FROM metering.readings
            WHERE readings.environment_key = environments.environment_key AND readings.observed_at = answer.observed_at
        ) AS size
    WHERE environments.state = 'metered'
),

-- Only those at zero are looked at further: when did their last answer with AKU come, and how many were they?
dropped AS (
    SELECT
        newest.environment_key,
        busy.observed_at AS busy_at,
        busy.aku,
        (
            SELECT min(polls.observed_at)
            FROM metering.polls
            WHERE
                polls.environment_key = newest.environment_key
                AND polls.ok
                AND polls.observed_at > busy.observed_at
                AND polls.observed_at <= newest.observed_at
        ) AS since
    FROM newest
    CROSS JOIN LATERAL (
        SELECT
            polls.observed_at,
            sum(readings.aku) AS aku
        FROM metering.polls
        INNER JOIN metering.readings
            ON polls.environment_key = readings.environment_key AND polls.observed_at = readings.observed_at
        WHERE
            newest.aku = 0
            AND polls.environment_key = newest.environment_key
            AND polls.ok
            AND polls.observed_at > newest.observed_at - CAST(:lookback AS interval)
            AND polls.observed_at < newest.observed_at
            AND readings.aku > 0
            AND readings.state = any(:billable_states)
        GROUP BY polls.observed_at
        ORDER BY polls.observed_at DESC
        LIMIT 1
    ) AS busy
)

INSERT INTO evaluated_alarms (environment_key, kind, is_raised, since, facts)
SELECT
    newest.environment_key,
    'dropped_to_zero' AS kind,
    newest.aku = 0
    AND coalesce(
        coalesce(dropped.since, existing.since) > CAST(:at AS timestamptz) - CAST(:accept_zero_after AS interval),
        FALSE
    ) AS is_raised,
    coalesce(dropped.since, existing.since, newest.observed_at) AS since,
    jsonb_build_object(
        'status',
        CASE
            WHEN newest.aku > 0 THEN 'has_aku'
            WHEN dropped.aku IS NOT NULL THEN 'dropped'
            ELSE 'stayed'
        END,
        'environment_id', newest.environment_id,
        'aku', newest.aku,
        'aku_before', dropped.aku,
        'dropped_at', dropped.since
    ) AS facts
FROM newest
LEFT JOIN dropped ON newest.environment_key = dropped.environment_key
LEFT JOIN operations.alarms AS existing
    ON
        newest.environment_key = existing.environment_key
        AND existing.kind = 'dropped_to_zero'
        AND existing.closed_at IS NULL
