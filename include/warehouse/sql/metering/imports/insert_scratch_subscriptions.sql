-- A subscription for each environment in a warehouse that is thrown away, metered from then on.
INSERT INTO core.subscriptions (
    subscription_id,
    product,
    account_id,
    region,
    network,
    department,
    environment_name,
    payment,
    price_plan,
    state,
    attempt,
    request,
    requested_at,
    started_at,
    metering_started_at
)
SELECT
    names.name AS subscription_id,
    CAST(:product AS text) AS product,
    'scratch' AS account_id,
    'scratch' AS region,
    names.name AS network,
    '' AS department,
    names.name AS environment_name,
    'payg' AS payment,
    :product AS price_plan,
    'active' AS state,
    1 AS attempt,
    '{}' AS request,
    :metered_from AS requested_at,
    :metered_from AS started_at,
    :metered_from AS metering_started_at
FROM unnest(CAST(:names AS text[])) AS names (name)
