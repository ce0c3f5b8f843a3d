-- One page of what waits for a person, what costs most first, then the oldest.
SELECT
    w.kind,
    w.cause,
    w.since,
    s.subscription_id,
    s.environment_name,
    coalesce(w.account_id, s.account_id) AS account_id,
    w.owner,
    w.amount,
    w.currency,
    w.facts,
    count(*) OVER () AS match_count
FROM reporting.work_queue(:recent_from, :late_before) AS w
LEFT JOIN core.subscriptions AS s ON w.subscription_key = s.subscription_key
WHERE
    (CAST(:kind AS text) IS NULL OR w.kind = :kind)
    AND (CAST(:subscription_id AS text) IS NULL OR s.subscription_id = :subscription_id)
ORDER BY w.amount DESC NULLS LAST, w.since ASC, w.kind ASC, s.subscription_id ASC
LIMIT :page_size OFFSET :skipped
