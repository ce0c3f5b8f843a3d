-- What lies in closed periods and is on no bill: usage, terms of licences, months of a life, and time between bills. A
-- draft or held bill is on its way, and a void one is a decision.
CREATE FUNCTION billing.unbilled(ended_after timestamptz)
RETURNS TABLE (
    finding text, subscription_key bigint, from_at timestamptz, until_at timestamptz, aku_seconds numeric, bill_ids text
)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH closed AS (
        SELECT c.* FROM billing.closed_periods AS c WHERE c.period_end > unbilled.ended_after
    ),

    -- A subscription whose plan is not published is looked at with every zone.
    closed_for AS (
        SELECT
            s.subscription_key,
            s.started_at,
            coalesce(s.ended_at, 'infinity') AS ended_at,
            s.state,
            c.period_start,
            c.period_end
        FROM core.subscriptions AS s
        LEFT JOIN billing.price_plans AS p ON s.price_plan = p.name
        INNER JOIN closed AS c ON coalesce(p.time_zone, c.time_zone) = c.time_zone
    ),

    without_bill AS (
        SELECT f.*
        FROM closed_for AS f
        WHERE NOT EXISTS (
            SELECT FROM billing.bills AS b
            WHERE
                b.subscription_key = f.subscription_key
                AND b.document = 'bill'
                AND b.period_start < f.period_end
                AND b.period_end > f.period_start
        )
    ),

    used AS (
        SELECT
            w.subscription_key,
            w.period_start,
            min(h.hour_start) AS from_at,
            max(h.hour_start) + interval '1 hour' AS until_at,
            sum(h.aku_seconds) AS aku_seconds
        FROM without_bill AS w
        INNER JOIN metering.subscription_hours AS h
            ON
                w.subscription_key = h.subscription_key
                AND w.period_start <= h.hour_start
                AND w.period_end > h.hour_start
                AND h.aku_seconds > 0
        GROUP BY w.subscription_key, w.period_start
    ),

    holes AS (
        SELECT
            b.subscription_key,
            b.period_start AS until_at,
            b.bill_id,
            lag(b.period_end) OVER life AS from_at,
            lag(b.bill_id) OVER life AS earlier_id
        FROM billing.bills AS b
        WHERE b.document = 'bill'
        WINDOW life AS (PARTITION BY b.subscription_key ORDER BY b.period_start, b.bill_key)
    ),

    terms AS (
        SELECT
            l.subscription_key,
            l.term_start,
            l.term_end,
            l.capacity_aku * l.term_months AS quantity,
            count(*) AS term_count
        FROM core.licences AS l
        GROUP BY l.subscription_key, l.term_start, l.term_end, l.capacity_aku * l.term_months
    )

    SELECT
        'usage_without_bill' AS finding,
        u.subscription_key,
        u.from_at,
        u.until_at,
        u.aku_seconds,
        NULL AS bill_ids
    FROM used AS u
    UNION ALL
    SELECT
        'month_without_bill' AS finding,
        w.subscription_key,
        w.period_start,
        w.period_end,
        0 AS aku_seconds,
        NULL AS bill_ids
    FROM without_bill AS w
    WHERE
        w.state IN ('active', 'released')
        AND w.started_at < w.period_end
        AND w.ended_at > w.period_start
        AND w.started_at < w.ended_at
        AND NOT EXISTS (
            SELECT FROM used AS u
            WHERE u.subscription_key = w.subscription_key AND u.period_start = w.period_start
        )
    UNION ALL
    SELECT
        'licence_without_bill' AS finding,
        t.subscription_key,
        t.term_start,
        t.term_end,
        0 AS aku_seconds,
        NULL AS bill_ids
    FROM terms AS t
    INNER JOIN closed_for AS f
        ON t.subscription_key = f.subscription_key AND t.term_start >= f.period_start AND t.term_start < f.period_end
    WHERE
        -- A term that starts after the end is never sold.
        t.term_start < f.ended_at
        AND NOT EXISTS (
            SELECT FROM billing.bills AS b
            WHERE
                b.subscription_key = t.subscription_key
                AND b.document = 'bill'
                AND b.period_start <= t.term_start
                AND b.period_end > t.term_start
                AND b.state IN ('draft', 'held', 'void')
        )
        AND t.term_count > (
            SELECT count(*) FROM billing.bill_lines AS l
            INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
            WHERE
                b.subscription_key = t.subscription_key
                AND l.kind = 'licence'
                AND l.line_start = t.term_start
                AND l.quantity = t.quantity
        )
    UNION ALL
    SELECT
        'hole_between_bills' AS finding,
        h.subscription_key,
        h.from_at,
        h.until_at,
        0 AS aku_seconds,
        h.earlier_id || ', ' || h.bill_id AS bill_ids
    FROM holes AS h
    WHERE
        h.from_at < h.until_at
        AND h.until_at > unbilled.ended_after
        AND NOT EXISTS (
            SELECT FROM without_bill AS w
            WHERE
                w.subscription_key = h.subscription_key
                AND w.period_start < h.until_at
                AND w.period_end > h.from_at
        );
$$;
COMMENT ON FUNCTION billing.unbilled IS
'What lies in billing periods that were closed and ended after an instant, and is on no bill.';
