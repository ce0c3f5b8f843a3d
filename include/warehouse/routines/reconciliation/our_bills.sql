-- What our bill of the period charges each subscription, as the Marketplace charges it: before tax, and for this period
-- only, since what corrects other periods is between us and the buyer. The window is the period's.
CREATE FUNCTION reconciliation.our_bills(of_period text, period_start timestamptz, period_end timestamptz)
RETURNS TABLE (
    subscription_key bigint, bill_key bigint, bill_id text, net_amount numeric, currency text, hours_charged bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH ours AS (
        SELECT
            b.subscription_key,
            b.bill_key,
            b.bill_id,
            reconciliation.net_amount(b.bill_key) AS net_amount,
            b.currency
        FROM billing.bills AS b
        WHERE b.period = our_bills.of_period AND b.document = 'bill' AND b.state <> 'void'
    ),

    -- Only hours that our bill charges for: usage under a prepaid licence costs nothing, so nothing of it is rounded.
    hours AS (
        SELECT
            u.subscription_key,
            count(DISTINCT u.hour_start) AS hours_charged
        FROM metering.usage AS u
        INNER JOIN ours AS o ON u.subscription_key = o.subscription_key
        WHERE
            u.hour_start >= our_bills.period_start
            AND u.hour_start < our_bills.period_end
            AND u.aku_seconds > 0
            AND EXISTS (
                SELECT 1 FROM billing.bill_lines AS l
                WHERE l.bill_key = o.bill_key AND l.kind IN ('usage', 'overage') AND l.unit_price > 0
            )
        GROUP BY u.subscription_key
    )

    SELECT
        o.*,
        coalesce(h.hours_charged, 0)
    FROM ours AS o
    LEFT JOIN hours AS h ON o.subscription_key = h.subscription_key
$$;
COMMENT ON FUNCTION reconciliation.our_bills IS
'Our bill of a period per subscription, before tax and without what corrects other periods, with its charged hours.';
