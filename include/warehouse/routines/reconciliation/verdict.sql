-- How far the two bills may be apart through rounding: each side truncates every charged hour by less than 0.01, so
-- they differ by less than this.
CREATE FUNCTION reconciliation.rounding_limit(hours_charged bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN 0.01 * hours_charged;
COMMENT ON FUNCTION reconciliation.rounding_limit IS
'What our bill and the Marketplace''s differ by less than when only rounding sets them apart.';

-- The amounts are null where that side has no bill. Sums in two currencies have no difference, whatever their digits.
CREATE FUNCTION reconciliation.verdict(
    our_amount numeric, marketplace_amount numeric, currencies_differ boolean, hours_charged bigint
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN currencies_differ THEN 'differs'
    WHEN coalesce(marketplace_amount, 0) = coalesce(our_amount, 0) THEN 'agrees'
    WHEN our_amount IS NULL THEN 'missing_here'
    WHEN marketplace_amount IS NULL THEN 'missing_there'
    WHEN abs(marketplace_amount - our_amount) < reconciliation.rounding_limit(hours_charged) THEN 'differs_by_rounding'
    ELSE 'differs'
END;
COMMENT ON FUNCTION reconciliation.verdict IS
'Verdict on a subscription''s period: agrees, differs_by_rounding, differs, missing_here or missing_there.';
