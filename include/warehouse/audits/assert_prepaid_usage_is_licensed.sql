-- Usage of a prepaid subscription lies within the term of a licence; its price of zero holds for nothing else.
WITH unlicensed AS (
    SELECT
        b.bill_key,
        u.hour_start
    FROM billing.bills AS b
    INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
    INNER JOIN metering.usage AS u ON b.subscription_key = u.subscription_key
    WHERE
        b.period_start = :period_start
        AND b.period_end = :period_end
        AND b.state = any(:states)
        AND s.payment = 'prepaid'
        AND u.hour_start >= :period_start
        AND u.hour_start < :period_end
        AND u.aku_seconds > 0
        AND NOT EXISTS (
            SELECT FROM core.licences AS l
            WHERE
                l.subscription_key = b.subscription_key
                AND l.term_start < u.hour_start + interval '1 hour'
                AND l.term_end > u.hour_start
        )
)

SELECT
    bill_key,
    format(
        'Usage in %s hour(s), the first %s UTC, has no licence. Enter the licence or change the subscription to pay as '
        'you go, then close the period again.',
        count(DISTINCT hour_start),
        to_char(min(hour_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"')
    ) AS sentence
FROM unlicensed
GROUP BY bill_key
