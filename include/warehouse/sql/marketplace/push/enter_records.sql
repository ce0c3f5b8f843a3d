-- Usage that the ledger does not have yet, of the channel's hours that are given with their cut-offs. An hour counts
-- once its console has answered after it, or when a silent console is not waited for any more: then what is known is
-- reported. A subscription without its marketplace instance waits. What the marketplace measures itself is expected.
INSERT INTO marketplace.push_records (
    channel, marketplace_instance_id, hour_start, dimension, subscription_key, product_code, item_key, quantity,
    window_start, window_end, cut_off, is_partial, entered_at, outcome, decided_at
)
SELECT
    CAST(:channel AS text) AS channel,
    s.marketplace_instance_id,
    c.hour_start,
    i.dimension,
    s.subscription_key,
    i.product_code,
    i.item_key,
    coalesce(u.aku_seconds, 0) AS quantity,
    c.hour_start AS window_start,
    c.hour_start + interval '1 hour' AS window_end,
    c.cut_off,
    coalesce(h.state, 'open') <> 'closed' AS is_partial,
    :now AS entered_at,
    CASE WHEN i.is_pushed THEN 'pending' ELSE 'expected' END AS outcome,
    CASE WHEN NOT i.is_pushed THEN CAST(:now AS timestamptz) END AS decided_at
FROM core.subscriptions AS s
INNER JOIN
    unnest(
        CAST(:products AS text[]), CAST(:product_codes AS text[]), CAST(:dimensions AS text[]),
        CAST(:item_keys AS text[]), CAST(:are_pushed AS boolean[])
    ) AS i (product, product_code, dimension, item_key, is_pushed)
    ON s.product = i.product
CROSS JOIN
    unnest(CAST(:hours AS timestamptz[]), CAST(:cut_offs AS timestamptz[]), CAST(:silent_untils AS timestamptz[]))
        AS c (hour_start, cut_off, silent_until)
INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
LEFT JOIN metering.environment_hours AS h ON e.environment_key = h.environment_key AND c.hour_start = h.hour_start
LEFT JOIN
    metering.subscription_hours AS u
    ON s.subscription_key = u.subscription_key AND c.hour_start = u.hour_start
WHERE
    s.payment = 'payg'
    AND s.marketplace_instance_id IS NOT NULL
    AND s.metering_started_at < c.hour_start + interval '1 hour'
    AND (s.ended_at IS NULL OR s.ended_at > c.hour_start)
    AND (u.aku_seconds > 0 OR (:idle_hours_are_sent AND c.cut_off > :now))
    AND (h.state = 'closed' OR c.silent_until <= :now)
    -- Most hours have their record already.
    AND NOT EXISTS (
        SELECT FROM marketplace.push_records AS r
        WHERE
            r.channel = :channel
            AND r.marketplace_instance_id = s.marketplace_instance_id
            AND r.hour_start = c.hour_start
            AND r.dimension = i.dimension
    )
ON CONFLICT ON CONSTRAINT push_records_one_per_hour DO NOTHING
