-- The held bill that waits for what is not known of [starts, ends): the earliest one; null where none does. From then
-- on only a person of billing can decide.
CREATE FUNCTION billing.holding_bill(of_subscription_key bigint, starts timestamptz, ends timestamptz) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT b.bill_id
    FROM billing.bills AS b
    WHERE
        b.subscription_key = holding_bill.of_subscription_key
        AND b.state = 'held'
        AND b.period_start < holding_bill.ends
        AND b.period_end > holding_bill.starts
    ORDER BY b.period_start
    LIMIT 1
$$;
COMMENT ON FUNCTION billing.holding_bill IS
'Public id of the held bill that waits for a stretch of time of a subscription; null where none does.';
