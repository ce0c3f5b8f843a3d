INSERT INTO core.licences (
    subscription_key, term_start, term_end, term_months, capacity_aku, price, currency, auto_renew
)
SELECT
    :subscription_key,
    :term_start,
    :term_end,
    :term_months,
    :capacity_aku,
    :price,
    :currency,
    :auto_renew
WHERE
    NOT EXISTS (
        SELECT FROM core.licences
        WHERE subscription_key = :subscription_key AND term_start = :term_start
    )
