-- A failure keeps the instant of the last whole listing; an older answer does not replace a newer one.
INSERT INTO operations.machine_listings AS kept (account_id, region, attempted_at, failure, listed_at, machines)
VALUES (:account_id, :region, :attempted_at, :failure, :listed_at, :machines)
ON CONFLICT (account_id, region) DO UPDATE SET
    attempted_at = excluded.attempted_at,
    failure = excluded.failure,
    listed_at = coalesce(excluded.listed_at, kept.listed_at),
    machines = coalesce(excluded.machines, kept.machines)
WHERE excluded.attempted_at >= kept.attempted_at
