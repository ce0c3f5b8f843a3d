-- Usage above a licence that costs nothing lies within the term of a licence; outside any term, a price of zero would
-- be a gift. Where the plan prices what lies above, it is priced there too.
WITH unlicensed AS (
    SELECT
        b.bill_key,
        h.hour_start
    FROM billing.period_bills(:period_start, :period_end, :states, :subscriptions) AS b
    INNER JOIN billing.bill_lines AS n
        ON
            b.bill_key = n.bill_key
            AND n.corrects_bill_key IS NULL
            AND n.kind IN ('usage', 'overage')
            AND n.unit_price = 0
    INNER JOIN billing.price_plan_versions AS v
        ON n.version_key = v.version_key AND v.licence_price_per_aku_month IS NOT NULL
    INNER JOIN metering.subscription_hours AS h
        ON
            b.subscription_key = h.subscription_key
            AND n.line_start <= h.hour_start
            AND n.line_end > h.hour_start
    WHERE
        h.hour_start >= :period_start
        AND h.hour_start < :period_end
        AND h.aku_seconds > 0
        AND NOT EXISTS (
            SELECT FROM core.licences AS l
            WHERE
                l.subscription_key = b.subscription_key
                AND l.term_start < h.hour_start + interval '1 hour'
                AND l.term_end > h.hour_start
        )
)

SELECT
    bill_key,
    jsonb_build_object(
        'hour_count', count(DISTINCT hour_start),
        'first_hour', min(hour_start),
        'hours_digest', md5(string_agg(DISTINCT CAST(hour_start AS text), ','))
    ) AS facts
FROM unlicensed
GROUP BY bill_key
