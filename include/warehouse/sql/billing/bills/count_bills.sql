SELECT
    count(*) FILTER (WHERE state = 'held') AS held,
    count(*) FILTER (WHERE billing.is_issued(state)) AS issued,
    count(*) FILTER (WHERE state = 'void') AS void
FROM billing.bills
WHERE
    period_start = :period_start
    AND period_end = :period_end
    AND document = 'bill'
