-- One page of what was rejected, the newest first: of the last days, or all.
SELECT
    j.rejection_key,
    j.source,
    j.rule,
    j.facts,
    j.payload,
    j.rejected_at,
    e.environment_id,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    m.file_name,
    count(*) OVER () AS match_count
FROM metering.rejections AS j
LEFT JOIN core.environments AS e ON j.environment_key = e.environment_key
LEFT JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
LEFT JOIN metering.imports AS m ON j.import_key = m.import_key
WHERE
    (:with_closed OR j.rejected_at >= :rejected_since)
    AND (
        CAST(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(
                    ' ', s.subscription_id, s.environment_name, s.account_id, e.environment_id, m.file_name, j.rule
                )
            )
        ) > 0
    )
ORDER BY j.rejected_at DESC, j.rejection_key ASC
LIMIT :page_size OFFSET :skipped
