-- One page of metered environments whose console failed when it was asked last, the longest first.
SELECT
    e.environment_id,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    e.console_url,
    f.failed_runs,
    f.failing_since,
    f.last_failed_at,
    f.cause,
    p.error,
    count(*) OVER () AS match_count
FROM metering.failing_consoles AS f
INNER JOIN core.environments AS e ON f.environment_key = e.environment_key
INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
LEFT JOIN metering.polls AS p ON f.environment_key = p.environment_key AND f.last_failed_at = p.observed_at
WHERE
    e.state = 'metered'
    AND (
        CAST(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(' ', s.subscription_id, s.environment_name, s.account_id, e.environment_id, e.console_url)
            )
        ) > 0
    )
ORDER BY f.failing_since ASC, e.environment_id ASC
LIMIT :page_size OFFSET :skipped
