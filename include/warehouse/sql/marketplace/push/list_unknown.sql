-- Unknown records, as they were sent, with when that was; the oldest hours first.
SELECT
    r.record_key,
    r.marketplace_instance_id,
    r.product_code,
    r.hour_start,
    r.units AS quantity,
    r.window_start,
    r.window_end,
    r.dimension,
    r.item_key,
    r.most_together,
    r.cut_off,
    a.begun_at
FROM marketplace.push_records AS r
INNER JOIN marketplace.push_attempts AS a ON r.attempt_key = a.attempt_key
WHERE r.channel = :channel AND r.outcome = 'unknown'
ORDER BY r.hour_start, r.record_key
