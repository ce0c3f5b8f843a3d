-- Records of the ledger, the oldest hours first; those with one outcome if given.
SELECT
    r.record_key,
    r.channel,
    s.subscription_id,
    r.marketplace_instance_id,
    r.hour_start,
    r.dimension,
    r.quantity,
    r.unit_seconds,
    r.carried_in,
    r.units,
    r.outcome,
    r.reason,
    r.their_code,
    r.cut_off,
    r.is_partial
FROM marketplace.push_records AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
WHERE
    (CAST(:outcome AS text) IS NULL OR r.outcome = :outcome)
    AND (CAST(:channel AS text) IS NULL OR r.channel = :channel)
ORDER BY r.hour_start, s.subscription_id, r.record_key
