-- The same secret, encrypted by another key.
UPDATE core.environment_credentials
SET secret_ciphertext = :secret_ciphertext
WHERE environment_key = :environment_key
