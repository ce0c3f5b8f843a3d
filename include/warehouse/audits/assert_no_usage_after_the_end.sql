-- No usage is billed of hours after the subscription ended: an end that was entered late takes it back.
SELECT
    b.bill_key,
    format(
        '%s AKU-seconds in %s hour(s) lie after the subscription ended at %s UTC. Run aku_metering, which takes them '
        'back, then close the period again.',
        sum(h.aku_seconds),
        count(*),
        to_char(min(s.ended_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"MI')
    ) AS sentence
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
INNER JOIN metering.subscription_hours AS h
    ON
        b.subscription_key = h.subscription_key
        AND s.ended_at <= h.hour_start
        AND h.hour_start >= :period_start
        AND h.hour_start < :period_end
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state = any(:states)
    AND h.aku_seconds > 0
GROUP BY b.bill_key
