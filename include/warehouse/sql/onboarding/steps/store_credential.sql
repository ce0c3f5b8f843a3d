INSERT INTO core.environment_credentials (environment_key, access_key_id, secret_ciphertext, stored_at)
VALUES (:environment_key, :access_key_id, :secret_ciphertext, :at)
