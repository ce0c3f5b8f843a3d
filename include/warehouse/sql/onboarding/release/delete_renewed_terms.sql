-- Terms that a renewal entered for the time after the end, and that no issued bill has.
DELETE FROM core.licences
WHERE
    subscription_key = :subscription_key
    AND term_start >= :ended_at
    AND NOT EXISTS (
        SELECT FROM billing.issued_bills AS b
        WHERE
            b.subscription_key = licences.subscription_key
            AND b.period_start < licences.term_end
            AND b.period_end > licences.term_start
    )
