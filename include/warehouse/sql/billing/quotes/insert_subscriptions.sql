-- Each subscription that the file has usage of, active all through the period, as pay as you go by the plan asked for.
INSERT INTO core.subscriptions (
    subscription_id, product, account_id, region, network, department, environment_name, payment, price_plan, state,
    attempt, request, requested_at, started_at
)
SELECT
    subscription_id,
    'quote' AS product,
    'quote' AS account_id,
    'quote' AS region,
    subscription_id AS network,
    '' AS department,
    subscription_id AS environment_name,
    'payg' AS payment,
    :price_plan,
    'active' AS state,
    1 AS attempt,
    CAST('{}' AS jsonb) AS request,
    :period_start AS requested_at,
    :period_start AS started_at
FROM quoted_rows
GROUP BY subscription_id
ORDER BY subscription_id
