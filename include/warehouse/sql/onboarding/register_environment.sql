INSERT INTO core.environments (environment_id, subscription_key, console_url, state, shard, registered_at)
VALUES (:environment_id, :subscription_key, :console_url, 'registered', :shard, :at)
RETURNING environment_key
