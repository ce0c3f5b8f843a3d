-- One page of findings, the oldest first; with the closed ones if asked for, after the open ones.
SELECT
    f.finding_key,
    f.period,
    f.account_id,
    f.charged_id,
    s.subscription_id,
    s.environment_name,
    f.kind,
    f.difference,
    f.currency,
    f.facts,
    f.opened_at,
    f.last_seen_at,
    f.closed_at,
    f.closed_as,
    f.closed_by,
    f.reason,
    count(*) OVER () AS match_count
FROM reconciliation.findings AS f
LEFT JOIN core.subscriptions AS s ON f.subscription_key = s.subscription_key
WHERE
    (:with_closed OR f.closed_at IS NULL)
    AND (
        cast(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(' ', f.finding_key, f.period, f.account_id, f.charged_id, s.environment_name)
            )
        ) > 0
    )
ORDER BY f.closed_at DESC NULLS FIRST, f.opened_at ASC, f.finding_key ASC
LIMIT :page_size OFFSET :skipped
