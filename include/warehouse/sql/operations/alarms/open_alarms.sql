-- Opens what is raised and not on yet. An alarm that was on already, or was over already when this is evaluated again,
-- stays the one it is.
INSERT INTO operations.alarms (environment_key, kind, since, facts, opened_at)
SELECT
    environment_key,
    kind,
    since,
    facts,
    :at AS opened_at
FROM evaluated_alarms
WHERE is_raised
ORDER BY environment_key, kind
ON CONFLICT DO NOTHING
