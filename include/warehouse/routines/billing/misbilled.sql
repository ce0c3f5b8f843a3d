-- What is on two bills, or on one that it does not belong on, in periods that ended after an instant; and late usage
-- that no document has, or will have by itself.
CREATE FUNCTION billing.misbilled(ended_after timestamptz)
RETURNS TABLE (
    finding text, subscription_key bigint, from_at timestamptz, until_at timestamptz, aku_seconds numeric, bill_ids text
)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    WITH owed AS (
        SELECT b.* FROM billing.bills AS b
        WHERE b.document = 'bill' AND b.state <> 'void' AND b.period_end > misbilled.ended_after
    ),

    metered AS (
        SELECT
            b.bill_key,
            coalesce(sum(h.aku_seconds), 0) AS aku_seconds
        FROM owed AS b
        LEFT JOIN metering.subscription_hours AS h
            ON
                b.subscription_key = h.subscription_key
                AND b.period_start <= h.hour_start
                AND b.period_end > h.hour_start
        WHERE b.state IN ('issued', 'reconciled')
        GROUP BY b.bill_key
    )

    SELECT
        'hours_on_two_bills' AS finding,
        b.subscription_key,
        greatest(b.period_start, o.period_start) AS from_at,
        least(b.period_end, o.period_end) AS until_at,
        0 AS aku_seconds,
        b.bill_id || ', ' || o.bill_id AS bill_ids
    FROM owed AS b
    INNER JOIN owed AS o
        ON
            b.subscription_key = o.subscription_key
            AND b.bill_key < o.bill_key
            AND b.period_start < o.period_end
            AND b.period_end > o.period_start
    UNION ALL
    SELECT
        'licence_on_two_bills' AS finding,
        b.subscription_key,
        l.line_start,
        max(l.line_end) AS until_at,
        0 AS aku_seconds,
        string_agg(b.bill_id, ', ' ORDER BY b.bill_id) AS bill_ids
    FROM owed AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key AND l.corrects_bill_key IS NULL
    WHERE l.kind = 'licence'
    GROUP BY b.subscription_key, l.line_start, l.quantity
    HAVING
        count(*) > (
            SELECT count(*) FROM core.licences AS t
            WHERE
                t.subscription_key = b.subscription_key
                AND t.term_start = l.line_start
                AND t.capacity_aku * t.term_months = l.quantity
        )
    UNION ALL
    SELECT
        'usage_differs_from_bill' AS finding,
        b.subscription_key,
        b.period_start,
        b.period_end,
        m.aku_seconds - b.aku_seconds AS aku_seconds,
        b.bill_id
    FROM owed AS b
    INNER JOIN metered AS m ON b.bill_key = m.bill_key
    WHERE m.aku_seconds <> b.aku_seconds
    UNION ALL
    SELECT
        CASE
            WHEN h.hour_start < s.ended_at OR s.ended_at IS NULL THEN 'usage_before_the_start'
            ELSE 'usage_after_the_end'
        END AS finding,
        s.subscription_key,
        min(h.hour_start) AS from_at,
        max(h.hour_start) + interval '1 hour' AS until_at,
        sum(h.aku_seconds) AS aku_seconds,
        NULL AS bill_ids
    FROM core.subscriptions AS s
    INNER JOIN metering.subscription_hours AS h
        ON
            s.subscription_key = h.subscription_key
            AND h.aku_seconds > 0
            AND h.hour_start >= misbilled.ended_after
            AND (h.hour_start + interval '1 hour' <= s.started_at OR h.hour_start >= s.ended_at)
    GROUP BY 1, s.subscription_key
    UNION ALL
    SELECT
        'late_usage_without_next_bill' AS finding,
        a.subscription_key,
        min(a.hour_start) AS from_at,
        max(a.hour_start) + interval '1 hour' AS until_at,
        sum(a.aku_seconds_after - a.aku_seconds_before) AS aku_seconds,
        string_agg(DISTINCT b.bill_id, ', ') AS bill_ids
    FROM billing.late_usage AS a
    INNER JOIN billing.bills AS b ON a.bill_key = b.bill_key
    INNER JOIN core.subscriptions AS s ON a.subscription_key = s.subscription_key
    WHERE
        a.state = 'pending'
        AND EXISTS (
            SELECT FROM billing.bills AS last_bill
            WHERE
                last_bill.subscription_key = s.subscription_key
                AND last_bill.document = 'bill'
                AND last_bill.state IN ('issued', 'reconciled')
                AND last_bill.period_end >= s.ended_at
        )
    GROUP BY a.subscription_key
    UNION ALL
    SELECT
        'late_usage_without_document' AS finding,
        a.subscription_key,
        a.hour_start,
        a.hour_start + interval '1 hour' AS until_at,
        a.aku_seconds_after - a.aku_seconds_before AS aku_seconds,
        b.bill_id
    FROM billing.late_usage AS a
    INNER JOIN billing.bills AS b ON a.bill_key = b.bill_key
    LEFT JOIN billing.bills AS d
        ON
            a.applied_on_bill_key = d.bill_key
            AND a.subscription_key = d.subscription_key
            AND d.state IN ('issued', 'reconciled')
    WHERE a.state = 'applied' AND d.bill_key IS NULL;
$$;
COMMENT ON FUNCTION billing.misbilled IS
'What is on two bills or on a wrong one, and late usage without a document, in periods that ended after an instant.';
