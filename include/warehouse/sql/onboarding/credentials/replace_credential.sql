-- A console's next credential replaces its last one.
UPDATE core.environment_credentials AS c
SET access_key_id = :access_key_id, secret_ciphertext = :secret_ciphertext, stored_at = :at
FROM core.environments AS e
WHERE e.environment_key = c.environment_key AND e.environment_id = :environment_id
