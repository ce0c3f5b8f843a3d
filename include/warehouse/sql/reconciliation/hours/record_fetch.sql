-- A failure keeps the instant of the last whole bill: its charges still stand.
INSERT INTO reconciliation.hourly_fetches AS f (billing_cycle, account_id, attempted_at, failure, fetched_at)
VALUES (:billing_cycle, :account_id, :attempted_at, :failure, :fetched_at)
ON CONFLICT (billing_cycle, account_id) DO UPDATE SET
    attempted_at = excluded.attempted_at,
    failure = excluded.failure,
    fetched_at = coalesce(excluded.fetched_at, f.fetched_at)
