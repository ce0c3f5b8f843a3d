SELECT
    outcome,
    count(*) AS record_count
FROM marketplace.push_records
WHERE channel = :channel
GROUP BY outcome
