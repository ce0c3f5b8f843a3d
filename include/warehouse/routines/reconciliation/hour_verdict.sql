-- Of one hour: `charged` and `refunded` are the Marketplace's items of it that are not negative, and those that are. A
-- refund is named where the hour would agree without it.
CREATE FUNCTION reconciliation.hour_verdict(
    our_amount numeric, charged numeric, refunded numeric, currencies_differ boolean
) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN
CASE
    WHEN
        refunded < 0
        AND reconciliation.verdict(our_amount, coalesce(charged, 0) + refunded, currencies_differ, 1) <> 'agrees'
        AND reconciliation.verdict(our_amount, charged, currencies_differ, 1) IN ('agrees', 'differs_by_rounding')
        THEN 'refund'
    WHEN refunded IS NULL THEN reconciliation.verdict(our_amount, charged, currencies_differ, 1)
    ELSE reconciliation.verdict(our_amount, coalesce(charged, 0) + refunded, currencies_differ, 1)
END;
COMMENT ON FUNCTION reconciliation.hour_verdict IS
'Verdict on a subscription''s hour: one of reconciliation.verdict, or refund.';
