-- Cuts the period of each subscription where the version or the discount in force changes: versions take turns, and
-- private offers start and end. An offer holds whole, be it for its plan or its discount; of several, the one that was
-- entered last.
INSERT INTO billing.rating_segments (
    subscription_key, segment_no, segment_start, segment_end, version_key, discount_percent, active_seconds, is_whole,
    is_priced_hourly, scaled_price, divisor, addend, is_half_even, max_aku_seconds
)
WITH versions AS (
    SELECT * FROM rated_tiers WHERE tier = 1
),

offers AS (
    SELECT
        o.offer_key,
        o.subscription_key,
        o.effective_from,
        coalesce(o.effective_until, 'infinity') AS effective_until,
        o.entered_at,
        p.plan_key,
        o.discount_percent
    FROM billing.private_offers AS o
    INNER JOIN billable_subscriptions AS b ON o.subscription_key = b.subscription_key
    LEFT JOIN billing.price_plans AS p ON o.price_plan = p.name
    WHERE
        o.effective_from < :period_end
        AND (o.effective_until IS NULL OR o.effective_until > :period_start)
        AND (CAST(:known_at AS timestamptz) IS NULL OR o.entered_at <= CAST(:known_at AS timestamptz))
),

plans AS (
    SELECT
        subscription_key,
        plan_key
    FROM billable_subscriptions
    UNION
    SELECT
        subscription_key,
        plan_key
    FROM offers
),

cuts AS (
    SELECT
        subscription_key,
        CAST(:period_start AS timestamptz) AS cut_at
    FROM billable_subscriptions
    UNION
    SELECT
        subscription_key,
        effective_from
    FROM offers
    WHERE effective_from > :period_start
    UNION
    SELECT
        subscription_key,
        effective_until
    FROM offers
    WHERE effective_until < :period_end
    UNION
    SELECT
        p.subscription_key,
        v.effective_from
    FROM plans AS p
    INNER JOIN versions AS v ON p.plan_key = v.plan_key
    WHERE v.effective_from > :period_start
),

offered AS (
    SELECT DISTINCT ON (c.subscription_key, c.cut_at)
        c.subscription_key,
        c.cut_at,
        o.plan_key,
        o.discount_percent
    FROM cuts AS c
    LEFT JOIN offers AS o
        ON
            c.subscription_key = o.subscription_key
            AND c.cut_at >= o.effective_from
            AND c.cut_at < o.effective_until
    ORDER BY c.subscription_key ASC, c.cut_at ASC, o.entered_at DESC NULLS LAST, o.offer_key DESC
),

stretches AS (
    SELECT
        o.subscription_key,
        o.cut_at,
        v.version_key,
        coalesce(o.discount_percent, v.discount_percent, 0) AS discount_percent
    FROM offered AS o
    INNER JOIN billable_subscriptions AS b ON o.subscription_key = b.subscription_key
    LEFT JOIN versions AS v
        ON
            coalesce(o.plan_key, b.plan_key) = v.plan_key
            AND o.cut_at >= v.effective_from
            AND o.cut_at < v.effective_until
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

-- A subscription that was not active within the period counts as active all through.
activity AS (
    SELECT
        subscription_key,
        CASE WHEN is_active THEN active_start ELSE :period_start END AS active_start,
        CASE WHEN is_active THEN active_end ELSE :period_end END AS active_end
    FROM (
        SELECT
            subscription_key,
            active_start,
            active_end,
            coalesce(active_start < active_end, FALSE) AS is_active
        FROM (
            SELECT
                subscription_key,
                CASE WHEN started_at IS NOT NULL THEN date_trunc('second', greatest(started_at, :period_start)) END
                    AS active_start,
                date_trunc('second', least(ended_at, :period_end)) AS active_end
            FROM billable_subscriptions
        ) AS seconds
    ) AS bounds
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
        CAST(floor(extract(EPOCH FROM least(p.segment_end, a.active_end))) AS bigint)
        - CAST(floor(extract(EPOCH FROM greatest(p.segment_start, a.active_start))) AS bigint),
        0
    ) AS active_seconds,
    p.is_whole,
    l.subscription_key IS NOT NULL
    OR coalesce(bool_or(v.is_priced_hourly) OVER (PARTITION BY p.subscription_key), FALSE) AS is_priced_hourly,
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
INNER JOIN activity AS a ON p.subscription_key = a.subscription_key
LEFT JOIN versions AS v ON p.version_key = v.version_key
LEFT JOIN licensed AS l ON p.subscription_key = l.subscription_key
