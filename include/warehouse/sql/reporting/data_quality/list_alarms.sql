-- One page of alarms: those that are on, the oldest first; then, if asked for, those that are over.
SELECT
    a.kind,
    a.since,
    a.facts,
    a.opened_at,
    a.closed_at,
    a.closing_facts,
    e.environment_id,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    count(*) OVER () AS match_count
FROM operations.alarms AS a
INNER JOIN core.environments AS e ON a.environment_key = e.environment_key
INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
WHERE
    (:with_closed OR a.closed_at IS NULL)
    AND (
        CAST(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(' ', s.subscription_id, s.environment_name, s.account_id, e.environment_id, a.kind)
            )
        ) > 0
    )
ORDER BY a.closed_at DESC NULLS FIRST, a.since ASC, a.alarm_key ASC
LIMIT :page_size OFFSET :skipped
