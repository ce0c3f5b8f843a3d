-- A failure keeps the instant of the last whole listing; an older answer does not replace a newer one.
INSERT INTO operations.machine_listings AS kept (account_id, region, tried_at, failure, listed_at, machines)
VALUES (:account_id, :region, :tried_at, :failure, :listed_at, :machines)
ON CONFLICT (account_id, region) DO UPDATE SET
    tried_at = excluded.tried_at,
    failure = excluded.failure,
    listed_at = coalesce(excluded.listed_at, kept.listed_at),
    machines = coalesce(excluded.machines, kept.machines)
WHERE excluded.tried_at >= kept.tried_at
