-- What is not reported yet by channel: records, the first cut-off, and the amount by currency.
SELECT
    r.channel,
    p.currency,
    count(*) AS record_count,
    min(r.cut_off) AS first_cut_off,
    sum(p.amount) AS amount
FROM marketplace.push_records AS r
INNER JOIN marketplace.priced_records AS p ON r.record_key = p.record_key
WHERE r.outcome IN ('pending', 'sending', 'not_sent')
GROUP BY r.channel, p.currency
ORDER BY r.channel, p.currency
