-- No gap in the period is open: usage that is not known was resolved by better data, or waived by a person.
SELECT
    b.bill_key,
    format(
        '%s gap(s) of unknown usage are open, the first from %s UTC on (%s), %s minutes in all. Resolve or waive them, '
        'then close the period again.',
        count(*),
        to_char(min(g.gap_start) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24"h"MI'),
        min(g.cause),
        CAST(ceil(extract(EPOCH FROM sum(g.gap_end - g.gap_start)) / 60) AS bigint)
    ) AS sentence,
    md5(string_agg(concat_ws('/', g.gap_key, g.gap_start, g.gap_end, g.cause), ',' ORDER BY g.gap_key)) AS content
FROM billing.bills AS b
INNER JOIN core.environments AS e ON b.subscription_key = e.subscription_key
INNER JOIN metering.gaps AS g
    ON
        e.environment_key = g.environment_key
        AND b.period_end > g.gap_start
        AND b.period_start < g.gap_end
        AND g.state = 'open'
WHERE
    b.period_start = :period_start
    AND b.period_end = :period_end
    AND b.document = 'bill'
    AND b.state = any(:states)
GROUP BY b.bill_key
