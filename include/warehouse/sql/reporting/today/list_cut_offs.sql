-- Hours of the ledger that are not reported yet, by channel: how much waits, and until when it is taken. The oldest
-- cut-offs come first; what has passed its cut-off becomes missed at the next run of metering_push.
SELECT
    r.channel,
    r.hour_start,
    min(r.cut_off) AS cut_off,
    count(*) AS record_count,
    count(DISTINCT r.subscription_key) AS subscription_count,
    sum(r.units * r.unit_seconds) AS aku_seconds,
    sum(p.amount) AS amount,
    p.currency
FROM marketplace.push_records AS r
INNER JOIN marketplace.priced_records AS p ON r.record_key = p.record_key
WHERE r.outcome IN ('pending', 'sending', 'not_sent')
GROUP BY r.channel, r.hour_start, p.currency
ORDER BY cut_off ASC, r.channel ASC, p.currency ASC
LIMIT :at_most
