-- Where the AKU-seconds of each subscription went in a period, and what they are worth by its bill, where there is one.
WITH hours AS (
    SELECT
        subscription_key,
        subscription_id,
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
        count(*) FILTER (WHERE difference <> 0) AS differing_hours
    FROM marketplace.agreement
    WHERE hour_start >= :period_start AND hour_start < :period_end
    GROUP BY subscription_key, subscription_id
)

SELECT
    h.subscription_id,
    h.metered,
    h.licensed,
    h.free,
    h.accepted,
    h.expected,
    h.unknown,
    h.missed,
    h.refused,
    h.waiting,
    h.carried,
    h.difference,
    h.differing_hours,
    m.currency,
    m.amount AS metered_amount,
    m.licensed AS licensed_amount,
    m.free AS free_amount,
    m.accepted AS accepted_amount,
    m.expected AS expected_amount,
    m.unknown AS unknown_amount,
    m.missed AS missed_amount,
    m.refused AS refused_amount,
    m.waiting AS waiting_amount,
    m.carried AS carried_amount,
    m.difference AS difference_amount
FROM hours AS h
LEFT JOIN
    marketplace.agreement_in_money AS m
    ON h.subscription_key = m.subscription_key AND m.period_start = :period_start AND m.period_end = :period_end
ORDER BY h.subscription_id
