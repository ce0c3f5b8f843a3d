-- What an end leaves to do: hours that are due, and issued bills that reach over it.
SELECT
    (
        SELECT count(*)
        FROM metering.environment_hours AS h
        INNER JOIN core.environments AS e ON h.environment_key = e.environment_key
        WHERE e.subscription_key = :subscription_key AND h.state <> 'closed'
    ) AS due_hours,
    (
        SELECT coalesce(array_agg(b.bill_id ORDER BY b.period_start), '{}')
        FROM billing.issued_bills AS b
        WHERE
            b.subscription_key = :subscription_key
            AND b.period_end > :ended_at
    ) AS issued_bills
