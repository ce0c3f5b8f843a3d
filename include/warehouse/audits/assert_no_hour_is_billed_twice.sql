-- No hour of a subscription lies in the periods of two of its bills, as it would where periods of two time zones meet.
SELECT
    b.bill_key,
    format(
        'Hours from %s to %s UTC are on %s too, whose period overlaps with this one. Void one of the two, or correct '
        'the other, then close the period again.',
        to_char(min(greatest(b.period_start, o.period_start)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"'),
        to_char(max(least(b.period_end, o.period_end)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"'),
        string_agg(o.bill_id, ', ' ORDER BY o.bill_id)
    ) AS sentence
FROM billing.bills AS b
INNER JOIN billing.bills AS o
    ON
        b.subscription_key = o.subscription_key
        AND b.bill_key <> o.bill_key
        AND b.period_start < o.period_end
        AND b.period_end > o.period_start
        AND o.document = 'bill'
        AND o.state <> 'void'
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state = any(:states)
GROUP BY b.bill_key
