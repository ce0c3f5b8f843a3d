-- Open findings of subscriptions that were compared, and that are no longer so.
UPDATE marketplace.findings AS f
SET resolved_at = greatest(:at, f.opened_at)
WHERE
    f.resolved_at IS NULL
    AND f.order_id = any(:order_ids)
    AND NOT CAST(:current AS jsonb) @> jsonb_build_array(jsonb_build_array(f.order_id, f.kind))
