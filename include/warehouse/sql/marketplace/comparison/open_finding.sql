-- Open it, or see an open one again; whether it is new.
INSERT INTO marketplace.findings AS f (order_id, kind, facts, opened_at, last_seen_at)
VALUES (:order_id, :kind, CAST(:facts AS jsonb), :at, :at)
ON CONFLICT (order_id, kind) WHERE resolved_at IS NULL DO UPDATE
    SET
        facts = excluded.facts,
        last_seen_at = greatest(f.last_seen_at, excluded.last_seen_at)
RETURNING CASE WHEN xmax = 0 THEN 1 ELSE 0 END AS is_new
