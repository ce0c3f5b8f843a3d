-- One page of the records of a window, the newest hours first: of all, or of what was named; with one outcome if given.
WITH newest AS (
    -- The newest of each outcome, so that an index has them in order.
    (
        SELECT
            r.record_key,
            r.hour_start
        FROM unnest(CAST(:outcomes AS text[])) AS o (outcome)
        CROSS JOIN
            LATERAL (
                SELECT
                    p.record_key,
                    p.hour_start
                FROM marketplace.push_records AS p
                WHERE
                    p.outcome = o.outcome
                    AND (CAST(:outcome AS text) IS NULL OR p.outcome = :outcome)
                    AND p.hour_start >= :starts
                    AND p.hour_start < :ends
                ORDER BY p.hour_start DESC, p.record_key DESC
                LIMIT CAST(:page_size AS bigint) + :skipped
            ) AS r
        WHERE NOT :is_named
    )
    UNION ALL
    SELECT
        p.record_key,
        p.hour_start
    FROM marketplace.push_records AS p
    WHERE
        :is_named
        AND (CAST(:outcome AS text) IS NULL OR p.outcome = :outcome)
        AND p.hour_start >= :starts
        AND p.hour_start < :ends
        AND (
            p.subscription_key = any(CAST(:subscription_keys AS bigint[]))
            OR p.record_key = any(CAST(:record_keys AS bigint[]))
        )
),

page AS MATERIALIZED (
    SELECT
        record_key,
        hour_start
    FROM newest
    ORDER BY hour_start DESC, record_key DESC
    LIMIT :page_size OFFSET :skipped
)

SELECT
    r.record_key,
    r.channel,
    s.subscription_id,
    s.environment_name,
    r.marketplace_instance_id,
    r.hour_start,
    r.quantity,
    r.outcome,
    r.reason,
    r.their_code,
    r.cut_off,
    r.is_partial,
    r.decided_at
FROM page
INNER JOIN marketplace.push_records AS r ON page.record_key = r.record_key AND page.hour_start = r.hour_start
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
ORDER BY r.hour_start DESC, r.record_key DESC
