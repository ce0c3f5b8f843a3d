SELECT
    subscription_id,
    sum(metered) AS metered,
    sum(licensed) AS licensed,
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
GROUP BY subscription_id
ORDER BY subscription_id
