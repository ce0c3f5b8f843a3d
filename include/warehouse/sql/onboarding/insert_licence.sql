INSERT INTO core.licences (
    subscription_key, term_start, term_end, term_months, capacity_aku, price, currency, auto_renew
)
VALUES (
    :subscription_key, :term_start, :term_end, :term_months, :capacity_aku, :price, :currency, :auto_renew
)
ON CONFLICT (subscription_key, term_start) DO NOTHING
