-- The bills that an audit is about: of one billing period, in these states. Notes are not bills.
CREATE FUNCTION billing.audited_bills(
    period_start timestamptz, period_end timestamptz, states text[]
) RETURNS SETOF billing.bills LANGUAGE sql STABLE AS $$
SELECT b.*
FROM billing.bills AS b
WHERE
    b.period_start = audited_bills.period_start
    AND b.period_end = audited_bills.period_end
    AND b.document = 'bill'
    AND b.state = any(states)
$$;
COMMENT ON FUNCTION billing.audited_bills IS
'The bills of one billing period in these states, without credit and debit notes: what an audit is about.';
