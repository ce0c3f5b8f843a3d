-- Takes the transitions that nobody has told: whoever enters one here tells it, and nobody else will.
WITH transitions AS (
    SELECT
        alarm_key,
        'opened' AS transition
    FROM operations.alarms
    UNION ALL
    SELECT
        alarm_key,
        'closed' AS transition
    FROM operations.alarms
    WHERE closed_at IS NOT NULL
),

claimed AS (
    INSERT INTO operations.alarm_notifications (alarm_key, transition, claimed_at)
    SELECT
        transitions.alarm_key,
        transitions.transition,
        :at AS claimed_at
    FROM transitions
    WHERE
        NOT EXISTS (
            SELECT FROM operations.alarm_notifications AS told
            WHERE told.alarm_key = transitions.alarm_key AND told.transition = transitions.transition
        )
    ORDER BY transitions.alarm_key, transitions.transition
    ON CONFLICT DO NOTHING
    RETURNING alarm_key, transition
)

SELECT
    claimed.alarm_key,
    claimed.transition,
    alarms.kind,
    CASE claimed.transition WHEN 'opened' THEN alarms.sentence ELSE alarms.closing_sentence END AS sentence
FROM claimed
INNER JOIN operations.alarms ON claimed.alarm_key = alarms.alarm_key
ORDER BY claimed.transition DESC, alarms.kind ASC, alarms.alarm_key ASC
