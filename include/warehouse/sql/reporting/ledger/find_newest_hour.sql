-- The hour of the record that was made last.
SELECT hour_start
FROM marketplace.push_records
ORDER BY record_key DESC
LIMIT 1
