-- No gap in the period is open: usage that is not known was resolved by better data, or waived by a person.
SELECT
    b.bill_key,
    jsonb_build_object(
        'gap_count', count(*),
        'seconds', CAST(ceil(extract(EPOCH FROM sum(g.gap_end - g.gap_start))) AS bigint),
        'first_gap_start', min(g.gap_start),
        'first_cause', (array_agg(g.cause ORDER BY g.gap_start, g.gap_key))[1],
        'gaps_digest', md5(
            string_agg(concat_ws('/', g.gap_key, g.gap_start, g.gap_end, g.cause), ',' ORDER BY g.gap_key)
        )
    ) AS facts
FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
INNER JOIN core.environments AS e ON b.subscription_key = e.subscription_key
INNER JOIN metering.gaps AS g
    ON
        e.environment_key = g.environment_key
        AND b.period_end > g.gap_start
        AND b.period_start < g.gap_end
        AND g.state = 'open'
GROUP BY b.bill_key
