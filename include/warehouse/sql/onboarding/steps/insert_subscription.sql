INSERT INTO core.subscriptions (
    subscription_id, product, account_id, region, network, department, contact, environment_name, payment, price_plan,
    state, attempt, order_id, request, requested_at, started_at
)
VALUES (
    :subscription_id, :product, :account_id, :region, :network, :department, :contact, :environment_name, :payment,
    :price_plan, 'requested', 1, :order_id, CAST(:request AS JSONB), :at, :started_at
)
