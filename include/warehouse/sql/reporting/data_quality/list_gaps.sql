-- One page of gaps: the open ones, the oldest first; then, if asked for, the closed ones, the newest first.
SELECT
    g.gap_key,
    e.environment_id,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    i.instance_id,
    g.gap_start,
    g.gap_end,
    g.cause,
    g.state,
    g.opened_at,
    g.closed_at,
    g.closed_by,
    g.closed_reason,
    held.bill_id AS holds_bill,
    CASE g.state WHEN 'open' THEN metering.gap_owner(held.bill_id) END AS owned_by,
    count(*) OVER () AS match_count
FROM metering.gaps AS g
INNER JOIN core.environments AS e ON g.environment_key = e.environment_key
INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
LEFT JOIN metering.instances AS i ON g.instance_key = i.instance_key
LEFT JOIN
    LATERAL (
        SELECT billing.holding_bill(s.subscription_key, g.gap_start, g.gap_end) AS bill_id
        WHERE g.state = 'open'
    ) AS held
    ON TRUE
WHERE
    (:with_closed OR g.state = 'open')
    AND (
        CAST(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(
                    ' ', s.subscription_id, s.environment_name, s.account_id, e.environment_id, i.instance_id, g.gap_key
                )
            )
        ) > 0
    )
ORDER BY g.closed_at DESC NULLS FIRST, g.gap_start ASC, g.gap_key ASC
LIMIT :page_size OFFSET :skipped
