-- The segments of each subscription, in each of which one version and one discount are in force: by the private offer
-- that holds then, or else by the subscription's own plan. With them how long it is active in each, and the arithmetic
-- by which hours in it are charged.
INSERT INTO billing.rating_segments (
    subscription_key, segment_no, segment_start, segment_end, version_key, discount_percent, active_seconds, is_whole,
    is_priced_hourly, hour_measure, scaled_price, divisor, addend, is_half_even, max_aku_seconds
)
WITH stretches AS (
    SELECT
        c.subscription_key,
        c.cut_at,
        v.version_key,
        coalesce(o.discount_percent, v.discount_percent, 0) AS discount_percent
    FROM segment_cuts AS c
    INNER JOIN billable_subscriptions AS b ON c.subscription_key = b.subscription_key
    LEFT JOIN LATERAL billing.offer_at(c.subscription_key, c.cut_at, CAST(:known_at AS timestamptz)) AS o ON TRUE
    LEFT JOIN billing.price_plans AS p ON o.price_plan = p.name
    LEFT JOIN rated_tiers AS v
        ON
            coalesce(p.plan_key, b.plan_key) = v.plan_key
            AND v.tier = 1
            AND c.cut_at >= v.effective_from
            AND c.cut_at < v.effective_until
),

neighbours AS (
    SELECT
        *,
        lag(cut_at) OVER period AS cut_before,
        lag(version_key) OVER period AS version_before,
        lag(discount_percent) OVER period AS discount_before
    FROM stretches
    WINDOW period AS (PARTITION BY subscription_key ORDER BY cut_at)
),

-- A cut that changes nothing is none.
segments AS (
    SELECT
        subscription_key,
        row_number() OVER period AS segment_no,
        count(*) OVER (PARTITION BY subscription_key) = 1 AS is_whole,
        cut_at AS segment_start,
        lead(cut_at, 1, CAST(:period_end AS timestamptz)) OVER period AS segment_end,
        version_key,
        discount_percent
    FROM neighbours
    WHERE
        cut_before IS NULL
        OR version_key IS DISTINCT FROM version_before
        OR discount_percent <> discount_before
    WINDOW period AS (PARTITION BY subscription_key ORDER BY cut_at)
),

licensed AS (
    SELECT DISTINCT subscription_key
    FROM core.licences
    WHERE
        term_start < :period_end
        AND term_end > :period_start
)

SELECT
    p.subscription_key,
    p.segment_no,
    p.segment_start,
    p.segment_end,
    p.version_key,
    p.discount_percent,
    -- Whole seconds of both ends, so that the segments' add up to the period's.
    greatest(
        CAST(floor(extract(EPOCH FROM least(p.segment_end, b.active_end))) AS bigint)
        - CAST(floor(extract(EPOCH FROM greatest(p.segment_start, b.active_start))) AS bigint),
        0
    ) AS active_seconds,
    p.is_whole,
    l.subscription_key IS NOT NULL
    OR coalesce(
        bool_or(v.is_priced_hourly OR v.hour_measure <> 'time_weighted') OVER (PARTITION BY p.subscription_key), FALSE
    ) AS is_priced_hourly,
    coalesce(v.hour_measure, 'time_weighted') AS hour_measure,
    -- Where hours have no amount of their own, their price is 0 here, and rating goes on with their sum.
    CASE WHEN v.is_hourly AND NOT v.is_priced_hourly THEN v.scaled_price ELSE 0 END AS scaled_price,
    coalesce(v.divisor, 1) AS divisor,
    coalesce(v.addend, 0) AS addend,
    coalesce(v.is_half_even, FALSE) AS is_half_even,
    CASE
        WHEN v.is_hourly AND NOT v.is_priced_hourly THEN v.most_units
        ELSE 9223372036854775807
    END AS max_aku_seconds
FROM segments AS p
INNER JOIN billable_subscriptions AS b ON p.subscription_key = b.subscription_key
LEFT JOIN rated_tiers AS v ON p.version_key = v.version_key AND v.tier = 1
LEFT JOIN licensed AS l ON p.subscription_key = l.subscription_key
