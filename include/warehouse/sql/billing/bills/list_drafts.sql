SELECT bill_key FROM billing.bills
WHERE
    period_start = :period_start
    AND period_end = :period_end
    AND document = 'bill'
    AND state = 'draft'
    AND subscription_key = coalesce(CAST(:subscription_key AS bigint), subscription_key)
