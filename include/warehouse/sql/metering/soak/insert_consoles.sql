-- Where the consoles of a soak's environments are, and what opens them.
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

placed AS (
    UPDATE core.environments
    SET console_url = consoles.console_url, shard = consoles.shard
    FROM consoles
    WHERE environments.environment_id = consoles.environment_id
    RETURNING environments.environment_key, environments.environment_id
)

INSERT INTO core.environment_credentials (environment_key, access_key_id, secret_ciphertext, stored_at)
SELECT
    placed.environment_key,
    consoles.access_key_id,
    consoles.secret_ciphertext,
    CAST(:at AS timestamptz) AS stored_at
FROM consoles
INNER JOIN placed ON consoles.environment_id = placed.environment_id
