SELECT
    r.marketplace_instance_id,
    max(a.begun_at) AS begun_at
FROM marketplace.push_attempts AS a
INNER JOIN marketplace.push_attempt_records AS m ON a.attempt_key = m.attempt_key
INNER JOIN marketplace.push_records AS r ON m.record_key = r.record_key AND m.hour_start = r.hour_start
WHERE a.channel = :channel AND a.begun_at > :since
GROUP BY r.marketplace_instance_id
