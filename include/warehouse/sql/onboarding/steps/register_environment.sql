-- Enters the console of an attempt. The row of an earlier, failed attempt is taken over where imported history kept it;
-- one that is in use has a credential, which cannot be stored a second time.
INSERT INTO core.environments (environment_id, subscription_key, console_url, state, shard, registered_at)
VALUES (:environment_id, :subscription_key, :console_url, 'registered', :shard, :at)
ON CONFLICT (subscription_key) DO UPDATE
    SET
        environment_id = excluded.environment_id,
        console_url = excluded.console_url,
        state = excluded.state,
        shard = excluded.shard,
        registered_at = excluded.registered_at,
        verified_at = NULL
RETURNING environment_key
