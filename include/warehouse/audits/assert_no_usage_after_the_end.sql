-- No usage is billed of hours after the subscription ended: an end that was entered late takes it back, and what issued
-- bills say of these hours is late usage, which corrects them.
WITH after_end AS (
    SELECT
        b.bill_key,
        s.ended_at,
        h.hour_start,
        h.aku_seconds + coalesce(
            (
                SELECT sum(a.aku_seconds_after - a.aku_seconds_before)
                FROM billing.late_usage AS a
                WHERE a.bill_key = b.bill_key AND a.hour_start = h.hour_start AND a.state <> 'withdrawn'
            ),
            0
        ) AS aku_seconds
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
        AND s.ended_at < :period_end
)

SELECT
    bill_key,
    format(
        '%s AKU-seconds in %s hour(s) lie after the subscription ended at %s UTC. Run aku_metering, which takes them '
        'back, then close the period again.',
        sum(aku_seconds),
        count(*),
        to_char(min(ended_at) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"MI')
    ) AS sentence
FROM after_end
WHERE aku_seconds > 0
GROUP BY bill_key
