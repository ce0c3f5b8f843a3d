SELECT
    term_start,
    term_end,
    capacity_aku,
    price,
    currency,
    auto_renew
FROM core.licences
WHERE subscription_key = :subscription_key
ORDER BY term_start DESC
