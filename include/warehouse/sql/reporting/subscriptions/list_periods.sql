-- Each month of a subscription with usage, a bill or a verdict: where its AKU-seconds went, what they are worth, our
-- bill and the Marketplace's.
WITH usage AS (
    SELECT
        to_char(hour_start AT TIME ZONE :time_zone, 'YYYY-MM') AS period,
        sum(metered) AS metered,
        sum(licensed) AS licensed,
        sum(free) AS free,
        sum(accepted) AS accepted,
        sum(expected) AS expected,
        sum(unknown) AS unknown,
        sum(missed) AS missed,
        sum(refused) AS refused,
        sum(waiting) AS waiting,
        sum(carried) AS carried,
        sum(difference) AS difference,
        sum(records) AS records,
        count(*) FILTER (WHERE difference <> 0) AS differing_hours
    FROM marketplace.agreement
    WHERE subscription_key = :subscription_key
    GROUP BY to_char(hour_start AT TIME ZONE :time_zone, 'YYYY-MM')
),

bills AS (
    SELECT *
    FROM billing.bills
    WHERE subscription_key = :subscription_key AND document = 'bill'
),

verdicts AS (
    SELECT *
    FROM reconciliation.verdicts
    WHERE subscription_key = :subscription_key
),

periods AS (
    SELECT period FROM usage
    UNION
    SELECT period FROM bills
    UNION
    SELECT period FROM verdicts
)

SELECT
    p.period,
    coalesce(u.metered, 0) AS metered,
    coalesce(u.licensed, 0) AS licensed,
    coalesce(u.free, 0) AS free,
    coalesce(u.accepted, 0) AS accepted,
    coalesce(u.expected, 0) AS expected,
    coalesce(u.unknown, 0) AS unknown,
    coalesce(u.missed, 0) AS missed,
    coalesce(u.refused, 0) AS refused,
    coalesce(u.waiting, 0) AS waiting,
    coalesce(u.carried, 0) AS carried,
    coalesce(u.difference, 0) AS difference,
    coalesce(u.records, 0) AS records,
    coalesce(u.differing_hours, 0) AS differing_hours,
    b.bill_id,
    b.state AS bill_state,
    b.subtotal AS bill_subtotal,
    coalesce(b.currency, v.currency) AS currency,
    m.amount AS usage_amount,
    m.missed + m.refused AS lost_amount,
    m.unknown AS unknown_amount,
    v.marketplace_amount,
    v.verdict,
    v.is_final AS verdict_is_final
FROM periods AS p
LEFT JOIN usage AS u ON p.period = u.period
LEFT JOIN bills AS b ON p.period = b.period
LEFT JOIN marketplace.agreement_in_money AS m ON b.bill_key = m.bill_key AND m.subscription_key = :subscription_key
LEFT JOIN verdicts AS v ON p.period = v.period
ORDER BY p.period
