-- No hour of a subscription lies in the periods of two of its bills, as it would where periods of two time zones meet.
SELECT
    b.bill_key,
    jsonb_build_object(
        'first_hour', min(greatest(b.period_start, o.period_start)),
        'last_hour_end', max(least(b.period_end, o.period_end)),
        'other_bill_ids', string_agg(o.bill_id, ', ' ORDER BY o.bill_id)
    ) AS facts
FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
INNER JOIN billing.bills AS o
    ON
        b.subscription_key = o.subscription_key
        AND b.bill_key <> o.bill_key
        AND b.period_start < o.period_end
        AND b.period_end > o.period_start
        AND o.document = 'bill'
        AND o.state <> 'void'
GROUP BY b.bill_key
