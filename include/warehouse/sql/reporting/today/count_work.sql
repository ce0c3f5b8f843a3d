-- How many wait by kind, and what they are worth; amounts in two currencies are never added.
SELECT
    kind,
    currency,
    count(*) AS item_count,
    coalesce(sum(amount), 0) AS amount
FROM reporting.work_queue(:recent_from, :late_before)
GROUP BY kind, currency
ORDER BY kind, currency
