-- Usage of hours before the subscription started, as known by now.
SELECT
    subscription_id,
    min(hour_start) AS from_at,
    max(hour_start) + interval '1 hour' AS until_at,
    sum(aku_seconds) AS aku_seconds,
    NULL AS bill_ids
FROM billing.usage_outside(:ended_after)
WHERE NOT is_after_end
GROUP BY subscription_id
