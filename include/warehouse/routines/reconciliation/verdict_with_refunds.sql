-- `charged` and `refunded` are the Marketplace's items that are not negative, and those that are. A refund is named
-- where the two sides would agree without it.
CREATE FUNCTION reconciliation.verdict_with_refunds(
    our_amount numeric, charged numeric, refunded numeric, currencies_differ boolean, hours_charged bigint
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN
        refunded < 0
        AND reconciliation.verdict(our_amount, coalesce(charged, 0) + refunded, currencies_differ, hours_charged)
        <> 'agrees'
        AND reconciliation.verdict(our_amount, charged, currencies_differ, hours_charged)
        IN ('agrees', 'differs_by_rounding')
        THEN 'refund'
    WHEN refunded IS NULL THEN reconciliation.verdict(our_amount, charged, currencies_differ, hours_charged)
    ELSE reconciliation.verdict(our_amount, coalesce(charged, 0) + refunded, currencies_differ, hours_charged)
END;
COMMENT ON FUNCTION reconciliation.verdict_with_refunds IS
'Verdict where the Marketplace''s refunds are known apart: one of reconciliation.verdict, or refund.';
