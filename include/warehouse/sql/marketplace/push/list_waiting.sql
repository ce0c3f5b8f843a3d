SELECT
    record_key,
    marketplace_instance_id,
    product_code,
    hour_start,
    units AS quantity,
    window_start,
    window_end,
    dimension,
    item_key,
    most_together
FROM marketplace.push_records
WHERE channel = :channel AND outcome IN ('pending', 'not_sent')
ORDER BY record_key
