-- Bills that charge hours of these subscriptions between two instants.
SELECT bill_key
FROM billing.bills
WHERE
    subscription_key = any(CAST(:subscription_keys AS bigint[]))
    AND document = 'bill'
    AND state <> 'void'
    AND period_start < :until
    AND period_end > :since
