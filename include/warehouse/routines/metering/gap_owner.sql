-- Who acts on an open gap: operators while better data may come; once a bill waits for it, only a person of billing can
-- decide. `holds_bill` is what billing.holding_bill says of it.
CREATE FUNCTION metering.gap_owner(holds_bill text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN gap_owner.holds_bill IS NULL THEN 'operations' ELSE 'billing' END;
COMMENT ON FUNCTION metering.gap_owner IS
'Who acts on an open gap, given the held bill that waits for it or null: operations or billing.';
