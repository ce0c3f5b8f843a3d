INSERT INTO reconciliation.hourly_charges (
    billing_cycle, account_id, order_id, hour_start, item, currency, gross_amount, rounded_off, amount, fetched_at
)
VALUES (
    :billing_cycle,
    :account_id,
    :order_id,
    :hour_start,
    :item,
    :currency,
    :gross_amount,
    :rounded_off,
    :amount,
    :fetched_at
)
