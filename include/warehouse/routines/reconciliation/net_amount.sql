-- What a bill charges as the Marketplace charges it: before tax, and without what corrects other periods, which is
-- between us and the buyer.
CREATE FUNCTION reconciliation.net_amount(of_bill_key bigint) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        (
            SELECT coalesce(sum(l.amount), 0) FROM billing.bill_lines AS l
            WHERE l.bill_key = net_amount.of_bill_key AND l.corrects_bill_key IS NULL
        ) - (
            SELECT coalesce(sum(t.amount), 0) FROM billing.bill_taxes AS t
            WHERE
                t.bill_key = net_amount.of_bill_key
                AND t.for_bill_key = net_amount.of_bill_key
                AND t.is_inclusive
        )
$$;
COMMENT ON FUNCTION reconciliation.net_amount IS
'What a bill charges before tax, without what corrects other periods: what the Marketplace''s charge is compared with.';
