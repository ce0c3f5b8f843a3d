-- What waits for a subscription's next bill waits in vain once its last one is out: the final bill of the period in
-- which it ended.
CREATE FUNCTION billing.has_next_bill(subscription bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT
        s.state <> 'failed'
        AND NOT EXISTS (
            SELECT FROM billing.bills AS b
            WHERE
                b.subscription_key = s.subscription_key
                AND b.document = 'bill'
                AND billing.is_closed(b.state)
                AND b.period_end >= s.ended_at
        )
    FROM core.subscriptions AS s
    WHERE s.subscription_key = subscription;
$$;
COMMENT ON FUNCTION billing.has_next_bill IS
'Whether a bill of the subscription is still to come, which corrections of earlier ones can wait for.';
