-- Every stored secret, kept from being replaced meanwhile.
SELECT
    environment_key,
    secret_ciphertext
FROM core.environment_credentials
ORDER BY environment_key
FOR UPDATE
