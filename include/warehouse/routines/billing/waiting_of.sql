-- What waits to correct a bill: corrections that people asked for, and all late usage as one row without an id. Both
-- are on the subscription's next bill; where that will not come, a person has to ask for a note.
CREATE FUNCTION billing.waiting_of(root_key bigint) RETURNS TABLE (
    correction_id text,
    cause text,
    has_next_bill boolean,
    requested_by text,
    requested_at timestamptz,
    reason text,
    refund_amount numeric,
    late_hour_count bigint
) LANGUAGE sql STABLE AS $$
    SELECT
        w.correction_id,
        w.cause,
        billing.has_next_bill(b.subscription_key) AS has_next_bill,
        w.requested_by,
        w.requested_at,
        w.reason,
        w.refund_amount,
        w.late_hour_count
    FROM (
        SELECT
            c.bill_key,
            c.correction_id,
            c.cause,
            c.requested_by,
            c.requested_at,
            c.reason,
            c.refund_amount,
            NULL AS late_hour_count
        FROM billing.corrections AS c
        WHERE c.bill_key = waiting_of.root_key AND c.state = 'pending'
        UNION ALL
        SELECT
            u.bill_key,
            NULL AS correction_id,
            'late_usage' AS cause,
            NULL AS requested_by,
            min(u.found_at) AS requested_at,
            NULL AS reason,
            NULL AS refund_amount,
            count(DISTINCT u.hour_start) AS late_hour_count
        FROM billing.late_usage AS u
        WHERE u.bill_key = waiting_of.root_key AND u.state = 'pending'
        GROUP BY u.bill_key
    ) AS w
    INNER JOIN billing.bills AS b ON w.bill_key = b.bill_key
$$;
COMMENT ON FUNCTION billing.waiting_of IS
'Corrections and late usage (one row, no id) that wait to be on a document of a bill.';
