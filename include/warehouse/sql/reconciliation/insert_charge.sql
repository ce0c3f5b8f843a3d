INSERT INTO reconciliation.marketplace_charges (
    billing_cycle,
    marketplace_instance_id,
    item,
    currency,
    account_id,
    gross_amount,
    amount,
    fetched_at
)
VALUES (
    :billing_cycle,
    :marketplace_instance_id,
    :item,
    :currency,
    :account_id,
    :gross_amount,
    :amount,
    :fetched_at
)
