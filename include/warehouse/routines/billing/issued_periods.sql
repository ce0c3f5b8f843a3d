-- Who writes what rating reads waits until bills that are being made of it are issued, and then sees them: the lock is
-- that of include/warehouse/engine.py, USAGE. A session that holds it already goes on.
CREATE FUNCTION billing.wait_for_turn() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    PERFORM set_config('lock_timeout', '60s', TRUE);
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/usage', 0));
    PERFORM set_config('lock_timeout', NULL, TRUE);
END
$$;
COMMENT ON FUNCTION billing.wait_for_turn() IS
'Waits until no other session issues bills or writes usage, a minute at most; keeps the lock until commit.';

-- The issued periods that a change would reach: what rating made them of stays as it is. Product code asks these to
-- refuse in words, and the guards call them on every write.
CREATE FUNCTION billing.issued_periods(subscription bigint, starts timestamptz, ends timestamptz)
RETURNS TABLE (bill_key bigint, bill_id text, period_start timestamptz, period_end timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT b.bill_key, b.bill_id, b.period_start, b.period_end
    FROM billing.issued_bills AS b
    WHERE
        b.subscription_key = subscription
        AND b.period_end > starts
        AND b.period_start < coalesce(ends, 'infinity')
        AND starts < coalesce(ends, 'infinity')
$$;
COMMENT ON FUNCTION billing.issued_periods(bigint, timestamptz, timestamptz) IS
'Issued bills of a subscription whose periods overlap [starts, ends): an offer, a licence term or a change of its life '
'there would reach them. Null ends is without end.';

-- Of several offers at once the last one counts, and what counted when a bill was drafted is rated again to verify it:
-- so every offer in force counts here, and the own plan, too.
CREATE FUNCTION billing.issued_periods_of_plan(plan bigint, starts timestamptz, ends timestamptz)
RETURNS TABLE (bill_key bigint, bill_id text, period_start timestamptz, period_end timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT b.bill_key, b.bill_id, b.period_start, b.period_end
    FROM billing.price_plans AS p
    INNER JOIN billing.issued_bills AS b
        ON
            b.period_end > starts
            AND b.period_start < coalesce(ends, 'infinity')
    WHERE
        p.plan_key = plan
        AND (
            b.price_plan = p.name
            OR EXISTS (
                SELECT FROM billing.standing_offers() AS o
                WHERE
                    o.subscription_key = b.subscription_key
                    AND o.price_plan = p.name
                    AND greatest(o.effective_from, b.period_start, starts)
                    < least(o.effective_until, b.period_end, ends)
            )
        )
$$;
COMMENT ON FUNCTION billing.issued_periods_of_plan(bigint, timestamptz, timestamptz) IS
'Issued bills that rating would give a version of this plan to which holds in [starts, ends): by the plan that they '
'were billed by, or by any offer in force. Null ends is without end.';

CREATE FUNCTION billing.issued_periods_of_version(plan bigint, starts timestamptz)
RETURNS TABLE (bill_key bigint, bill_id text, period_start timestamptz, period_end timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT reached.*
    FROM billing.issued_periods_of_plan(
        plan,
        starts,
        (
            SELECT min(v.effective_from) FROM billing.price_plan_versions AS v
            WHERE v.plan_key = plan AND v.effective_from > starts
        )
    ) AS reached
$$;
COMMENT ON FUNCTION billing.issued_periods_of_version(bigint, timestamptz) IS
'Issued bills that rating would give a version to which is effective from that instant until the next one of the plan.';
