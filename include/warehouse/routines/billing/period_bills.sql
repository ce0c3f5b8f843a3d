-- The bills of one billing period in these states, of these subscriptions or (NULL) all: what drafting, audits and
-- issue are about. Notes are not bills.
CREATE FUNCTION billing.period_bills(
    period_start timestamptz, period_end timestamptz, states text[], subscriptions bigint[]
) RETURNS SETOF billing.bills LANGUAGE sql STABLE AS $$
SELECT b.*
FROM billing.bills AS b
WHERE
    b.period_start = period_bills.period_start
    AND b.period_end = period_bills.period_end
    AND b.document = 'bill'
    AND b.state = any(states)
    AND (subscriptions IS NULL OR b.subscription_key = any(subscriptions))
$$;
COMMENT ON FUNCTION billing.period_bills IS
'The bills of one billing period in these states, of these subscriptions or (NULL) all, without notes.';
