-- Transitions of alarms that are not in the ledger of notifications yet.
SELECT
    transitions.notification_key,
    transitions.transition,
    alarms.kind,
    transitions.facts
FROM operations.alarms
CROSS JOIN
    LATERAL (
        VALUES
        (format('alarm/%s/opened', alarms.alarm_key), 'opened', alarms.facts),
        (format('alarm/%s/closed', alarms.alarm_key), 'closed', alarms.closing_facts)
    ) AS transitions (notification_key, transition, facts)
WHERE
    (transitions.transition = 'opened' OR alarms.closed_at IS NOT NULL)
    AND NOT EXISTS (
        SELECT FROM operations.notifications AS sent
        WHERE sent.notification_key = transitions.notification_key
    )
ORDER BY transitions.transition DESC, alarms.kind ASC, alarms.alarm_key ASC
