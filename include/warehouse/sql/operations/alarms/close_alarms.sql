-- Closes alarms that are over: evaluated and not raised any more, or of an environment that is not metered any more. A
-- run for an earlier instant leaves alone what was opened later.
UPDATE operations.alarms AS existing
SET
    closed_at = :at,
    closing_facts = found.facts
FROM (
    SELECT
        alarms.alarm_key,
        coalesce(
            evaluated.facts,
            jsonb_build_object(
                'status', 'not_metered', 'environment_id', environments.environment_id, 'state', environments.state
            )
        ) AS facts
    FROM operations.alarms
    INNER JOIN core.environments ON alarms.environment_key = environments.environment_key
    LEFT JOIN evaluated_alarms AS evaluated
        ON alarms.environment_key = evaluated.environment_key AND alarms.kind = evaluated.kind
    WHERE
        alarms.closed_at IS NULL
        AND alarms.opened_at < :at
        AND (NOT evaluated.is_raised OR environments.state <> 'metered')
) AS found
WHERE existing.alarm_key = found.alarm_key
