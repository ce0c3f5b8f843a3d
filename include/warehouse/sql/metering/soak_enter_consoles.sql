-- Metered subscriptions of one buyer for the consoles of a soak, in a warehouse that is thrown away.
WITH consoles AS (
    SELECT *
    FROM unnest(
        CAST(:environment_ids AS text[]),
        CAST(:urls AS text[]),
        CAST(:shards AS integer[]),
        CAST(:access_key_ids AS text[]),
        CAST(:secrets AS bytea[])
    ) AS given (environment_id, console_url, shard, access_key_id, secret_ciphertext)
),

buyer AS (
    INSERT INTO core.buyers (account_id, site, registered_at)
    VALUES ('soak', 'china', :at)
    RETURNING account_id
),

subscribed AS (
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
        consoles.environment_id AS subscription_id,
        CAST(:product AS text) AS product,
        buyer.account_id,
        'cn-hangzhou' AS region,
        consoles.environment_id AS network,
        '' AS department,
        consoles.environment_id AS environment_name,
        'payg' AS payment,
        :product AS price_plan,
        'active' AS state,
        1 AS attempt,
        '{}' AS request,
        CAST(:at AS timestamptz) AS requested_at,
        CAST(:at AS timestamptz) AS started_at,
        CAST(:at AS timestamptz) AS metering_started_at
    FROM consoles
    CROSS JOIN buyer
    RETURNING subscription_key, subscription_id
),

registered AS (
    INSERT INTO core.environments (environment_id, subscription_key, console_url, state, shard, registered_at)
    SELECT
        consoles.environment_id,
        subscribed.subscription_key,
        consoles.console_url,
        'metered' AS state,
        consoles.shard,
        CAST(:at AS timestamptz) AS registered_at
    FROM consoles
    INNER JOIN subscribed ON consoles.environment_id = subscribed.subscription_id
    RETURNING environment_key, environment_id
)

INSERT INTO core.environment_credentials (environment_key, access_key_id, secret_ciphertext, stored_at)
SELECT
    registered.environment_key,
    consoles.access_key_id,
    consoles.secret_ciphertext,
    CAST(:at AS timestamptz) AS stored_at
FROM consoles
INNER JOIN registered ON consoles.environment_id = registered.environment_id
