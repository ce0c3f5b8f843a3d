-- Usage that the ledger does not have yet, of the channel's hours that are given with their cut-offs. An hour counts
-- once its console has answered after it, or when a silent console is not waited for any more: then what is known is
-- reported. Usage of the time before metering was imported, and has no console to wait for; idle hours of that time do
-- not count. A subscription without its marketplace instance waits. What the marketplace measures itself is expected.
-- What is left of whole units goes to the instance's next record, in the order in which records are made.
WITH entered AS MATERIALIZED (
    SELECT
        s.marketplace_instance_id,
        c.hour_start,
        i.dimension,
        s.subscription_key,
        i.product_code,
        i.item_key,
        coalesce(u.aku_seconds, 0) AS quantity,
        i.unit_seconds,
        c.cut_off,
        coalesce(h.state, 'open') <> 'closed' AS is_partial,
        i.is_pushed
    FROM core.subscriptions AS s
    INNER JOIN
        unnest(
            CAST(:products AS text[]), CAST(:product_codes AS text[]), CAST(:dimensions AS text[]),
            CAST(:item_keys AS text[]), CAST(:are_pushed AS boolean[]), CAST(:unit_seconds AS bigint[])
        ) AS i (product, product_code, dimension, item_key, is_pushed, unit_seconds)
        ON s.product = i.product
    CROSS JOIN
        unnest(CAST(:hours AS timestamptz[]), CAST(:cut_offs AS timestamptz[]), CAST(:silent_untils AS timestamptz[]))
            AS c (hour_start, cut_off, silent_until)
    INNER JOIN core.environments AS e ON s.subscription_key = e.subscription_key
    -- First and last hour are said again in constants, so that no other hours and partitions are read.
    LEFT JOIN
        metering.environment_hours AS h
        ON
            e.environment_key = h.environment_key
            AND c.hour_start = h.hour_start
            AND h.hour_start BETWEEN CAST(:first_hour AS timestamptz) AND CAST(:last_hour AS timestamptz)
    LEFT JOIN
        metering.subscription_hours AS u
        ON
            s.subscription_key = u.subscription_key
            AND c.hour_start = u.hour_start
            AND u.hour_start BETWEEN CAST(:first_hour AS timestamptz) AND CAST(:last_hour AS timestamptz)
    WHERE
        s.payment = 'payg'
        AND s.marketplace_instance_id IS NOT NULL
        AND s.metering_started_at IS NOT NULL
        AND (s.ended_at IS NULL OR s.ended_at > c.hour_start)
        -- The running hour is known where the subscription has ended in it.
        AND (c.hour_start + interval '1 hour' <= :now OR s.ended_at <= :now)
        AND (
            u.aku_seconds > 0
            OR (
                :idle_hours_are_sent AND c.cut_off > :now
                AND s.metering_started_at < c.hour_start + interval '1 hour'
            )
        )
        AND (
            h.state = 'closed'
            OR c.silent_until <= :now
            OR s.metering_started_at >= c.hour_start + interval '1 hour'
        )
        -- Most hours have their record already; also where the subscription was of another marketplace instance then.
        AND NOT EXISTS (
            SELECT FROM marketplace.push_records AS r
            WHERE
                r.channel = :channel
                AND r.marketplace_instance_id = s.marketplace_instance_id
                AND r.hour_start = c.hour_start
                AND r.dimension = i.dimension
                AND r.hour_start BETWEEN CAST(:first_hour AS timestamptz) AND CAST(:last_hour AS timestamptz)
        )
        AND NOT EXISTS (
            SELECT FROM marketplace.push_records AS r
            WHERE
                r.channel = :channel
                AND r.subscription_key = s.subscription_key
                AND r.hour_start = c.hour_start
                AND r.dimension = i.dimension
                AND r.hour_start BETWEEN CAST(:first_hour AS timestamptz) AND CAST(:last_hour AS timestamptz)
        )
),

carried AS (
    SELECT
        e.*,
        -- The first takes over what the last record left; a further one, what is left after those before it.
        CAST(
            coalesce((coalesce(l.remainder, 0) + sum(e.quantity) OVER w) % e.unit_seconds, l.remainder, 0) AS bigint
        ) AS carried_in
    FROM entered AS e
    LEFT JOIN LATERAL (
        SELECT r.carried_in + r.quantity - r.units * r.unit_seconds AS remainder
        FROM marketplace.push_records AS r
        WHERE
            e.unit_seconds > 1
            AND r.unit_seconds > 1
            AND r.channel = :channel
            AND r.marketplace_instance_id = e.marketplace_instance_id
            AND r.dimension = e.dimension
        ORDER BY r.record_key DESC
        LIMIT 1
    ) AS l ON TRUE
    WINDOW w AS (
        PARTITION BY e.marketplace_instance_id, e.dimension
        ORDER BY e.hour_start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
)

INSERT INTO marketplace.push_records (
    channel, marketplace_instance_id, hour_start, dimension, subscription_key, product_code, item_key, quantity,
    unit_seconds, carried_in, units, window_start, window_end, cut_off, is_partial, entered_at, outcome, decided_at
)
SELECT
    CAST(:channel AS text) AS channel,
    c.marketplace_instance_id,
    c.hour_start,
    c.dimension,
    c.subscription_key,
    c.product_code,
    c.item_key,
    c.quantity,
    c.unit_seconds,
    c.carried_in,
    (c.carried_in + c.quantity) / c.unit_seconds AS units,
    c.hour_start AS window_start,
    c.hour_start + interval '1 hour' AS window_end,
    c.cut_off,
    c.is_partial,
    :now AS entered_at,
    o.outcome,
    CASE WHEN o.outcome <> 'pending' THEN CAST(:now AS timestamptz) END AS decided_at
FROM carried AS c
CROSS JOIN
    LATERAL (
        SELECT
            CASE
                WHEN NOT c.is_pushed THEN 'expected'
                WHEN c.carried_in + c.quantity < c.unit_seconds AND NOT :idle_hours_are_sent THEN 'carried'
                ELSE 'pending'
            END AS outcome
    ) AS o
-- The order is that of the carrying.
ORDER BY c.hour_start, c.subscription_key
ON CONFLICT ON CONSTRAINT push_records_one_per_hour DO NOTHING
