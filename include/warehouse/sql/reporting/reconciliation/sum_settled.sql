-- What settlement exports have for a period, by currency, and when the newest of them was imported.
SELECT
    i.currency,
    sum(i.amount) AS settled,
    count(DISTINCT i.subscription_id) AS subscription_count,
    max(f.imported_at) AS imported_at
FROM reconciliation.settled_items AS i
INNER JOIN reconciliation.settlement_files AS f ON i.file_key = f.file_key
WHERE i.period = :period
GROUP BY i.currency
ORDER BY i.currency
