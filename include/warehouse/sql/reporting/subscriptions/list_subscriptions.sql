-- One page of subscriptions with what is known of their environments. Polls are many, so they are looked up for the
-- page only: one look into polls_answered and one into polls_failed each.
WITH
page AS (
    SELECT
        s.*,
        e.environment_key,
        e.environment_id,
        e.state AS environment_state,
        h.health,
        count(*) OVER () AS match_count
    FROM core.subscriptions AS s
    INNER JOIN reporting.subscription_health AS h ON s.subscription_key = h.subscription_key
    LEFT JOIN core.environments AS e ON s.subscription_key = e.subscription_key
    WHERE
        (cast(:state AS text) IS NULL OR s.state = :state)
        AND (cast(:health AS text) IS NULL OR h.health = :health)
        AND (cast(:region AS text) IS NULL OR s.region = :region)
        AND (
            cast(:search AS text) IS NULL
            OR position(
                lower(:search) IN lower(
                    concat_ws(
                        ' ', s.subscription_id, s.environment_name, s.account_id, s.department, s.order_id,
                        s.marketplace_instance_id, s.service_instance_id, e.environment_id
                    )
                )
            ) > 0
            OR EXISTS (
                SELECT FROM metering.instances AS i
                WHERE i.subscription_key = s.subscription_key AND i.instance_id = :search
            )
        )
    ORDER BY s.account_id, s.environment_name, s.subscription_id
    LIMIT :page_size OFFSET :skipped
),

open_gaps AS (
    SELECT
        g.environment_key,
        count(*) AS gap_count
    FROM metering.gaps AS g
    INNER JOIN page AS p ON g.environment_key = p.environment_key
    WHERE g.state = 'open'
    GROUP BY g.environment_key
),

rejected AS (
    SELECT
        j.environment_key,
        count(*) AS rejection_count
    FROM metering.rejections AS j
    INNER JOIN page AS p ON j.environment_key = p.environment_key
    GROUP BY j.environment_key
)

SELECT
    p.subscription_id,
    p.environment_name,
    p.environment_id,
    p.environment_state,
    p.account_id,
    p.region,
    p.department,
    p.product,
    p.payment,
    p.state,
    p.state_reason,
    p.health,
    answer.observed_at AS answered_at,
    failure.observed_at AS failed_at,
    failure.cause AS failure_cause,
    failing.failing_since,
    failing.failed_runs,
    answer.instance_count,
    coalesce(size.aku, 0) AS aku,
    coalesce(g.gap_count, 0) AS gap_count,
    coalesce(j.rejection_count, 0) AS rejection_count,
    p.match_count
FROM page AS p
LEFT JOIN LATERAL (
    SELECT
        l.observed_at,
        l.instance_count
    FROM metering.polls AS l
    WHERE l.environment_key = p.environment_key AND l.ok
    ORDER BY l.observed_at DESC
    LIMIT 1
) AS answer ON TRUE
LEFT JOIN LATERAL (
    SELECT
        l.observed_at,
        l.cause
    FROM metering.polls AS l
    WHERE l.environment_key = p.environment_key AND NOT l.ok
    ORDER BY l.observed_at DESC
    LIMIT 1
) AS failure ON TRUE
LEFT JOIN LATERAL (
    SELECT sum(d.aku) AS aku
    FROM metering.readings AS d
    WHERE
        d.environment_key = p.environment_key
        AND d.observed_at = answer.observed_at
        AND d.state IN ('Running', 'Changing', 'Error')
) AS size ON TRUE
LEFT JOIN metering.failing_consoles AS failing ON p.environment_key = failing.environment_key
LEFT JOIN open_gaps AS g ON p.environment_key = g.environment_key
LEFT JOIN rejected AS j ON p.environment_key = j.environment_key
ORDER BY p.account_id, p.environment_name, p.subscription_id
