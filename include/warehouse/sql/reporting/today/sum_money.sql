-- The same in money, by the drafts and bills that lie in it; amounts in two currencies are never added.
SELECT
    currency,
    sum(amount) AS metered,
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
    count(*) AS bill_count
FROM marketplace.agreement_bills
WHERE period_start >= :period_start AND period_end <= :period_end
GROUP BY currency
ORDER BY currency
