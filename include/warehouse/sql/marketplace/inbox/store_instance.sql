INSERT INTO marketplace.instances AS known (
    instance_id, order_id, account_id, product_code, sku_id, state, expires_at, applied, created_at, changed_at
)
VALUES (
    :instance_id, :order_id, :account_id, :product_code, :sku_id, :state, :expires_at, CAST(:applied AS jsonb),
    :received_at, :received_at
)
ON CONFLICT (instance_id) DO UPDATE
    SET
        sku_id = excluded.sku_id,
        state = excluded.state,
        expires_at = excluded.expires_at,
        applied = excluded.applied,
        -- Later with every change, whatever order a replay brings.
        changed_at = greatest(excluded.changed_at, known.changed_at + interval '1 microsecond')
