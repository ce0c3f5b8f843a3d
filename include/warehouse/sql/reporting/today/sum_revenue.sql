-- The documents of a period by currency: issued, notes too, and as drafted so far with what is expected at the end.
SELECT
    currency,
    coalesce(sum(total) FILTER (WHERE billing.is_issued(state)), 0) AS issued_total,
    coalesce(sum(total) FILTER (WHERE state IN ('draft', 'held')), 0) AS draft_total,
    sum(forecast_total) FILTER (WHERE state = 'draft') AS forecast_total,
    count(*) FILTER (WHERE billing.is_issued(state) AND document = 'bill') AS issued_count,
    count(*) FILTER (WHERE billing.is_issued(state) AND document <> 'bill') AS note_count,
    count(*) FILTER (WHERE state = 'draft') AS draft_count,
    count(*) FILTER (WHERE state = 'held') AS held_count,
    min(drafted_at) FILTER (WHERE state = 'draft') AS drafted_at
FROM billing.bills
WHERE period = :period AND state <> 'void'
GROUP BY currency
ORDER BY currency
