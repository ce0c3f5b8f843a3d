-- The environment of that public id.
SELECT environment_key
FROM core.environments
WHERE environment_id = :environment_id
