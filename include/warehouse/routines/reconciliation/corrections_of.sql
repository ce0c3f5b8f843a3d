-- What issued corrections of a bill come to, before tax: lines of notes and of later bills that correct its period.
CREATE FUNCTION reconciliation.corrections_of(of_bill_key bigint) RETURNS numeric
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        (
            SELECT coalesce(sum(l.amount), 0)
            FROM billing.bill_lines AS l
            INNER JOIN billing.bills AS b ON l.bill_key = b.bill_key
            WHERE l.corrects_bill_key = corrections_of.of_bill_key AND billing.is_issued(b.state)
        ) - (
            SELECT coalesce(sum(t.amount), 0)
            FROM billing.bill_taxes AS t
            INNER JOIN billing.bills AS b ON t.bill_key = b.bill_key
            WHERE
                t.for_bill_key = corrections_of.of_bill_key
                AND t.bill_key <> corrections_of.of_bill_key
                AND t.is_inclusive
                AND billing.is_issued(b.state)
        )
$$;
COMMENT ON FUNCTION reconciliation.corrections_of IS
'What issued corrections of a bill come to, before tax; to be added to what reconciliation.our_bills has of it.';
