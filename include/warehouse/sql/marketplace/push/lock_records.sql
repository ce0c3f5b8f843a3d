SELECT
    record_key,
    channel,
    hour_start,
    outcome,
    cut_off
FROM marketplace.push_records
WHERE record_key = any(:record_keys)
ORDER BY record_key
FOR UPDATE
