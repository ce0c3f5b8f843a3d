-- A licence that is still in force, or renews, after an offer starts: the one that ends last.
SELECT
    term_end,
    auto_renew
FROM core.licences
WHERE
    subscription_key = :subscription_key
    AND (term_end > :effective_from OR auto_renew)
ORDER BY term_start DESC
LIMIT 1
