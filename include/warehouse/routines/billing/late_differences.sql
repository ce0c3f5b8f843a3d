-- What is known of a bill's hours since it was issued, whether or not a document has it yet. What is stored as usage
-- stays as it was billed; each finding starts where the one before it ended, so that differences add up.
-- Without a setting of its own, so that PostgreSQL inlines it.
CREATE FUNCTION billing.late_differences(bill_key bigint) RETURNS TABLE (
    hour_start timestamptz,
    aku_seconds numeric,
    peak_aku bigint,
    whole_hour_aku_seconds numeric
) LANGUAGE sql STABLE AS $$
    SELECT
        u.hour_start,
        sum(u.aku_seconds_after - u.aku_seconds_before) AS aku_seconds,
        sum(u.peak_aku_after - u.peak_aku_before) AS peak_aku,
        sum(
            billing.whole_hour_aku_seconds(u.aku_seconds_after, u.used_seconds_after)
            - billing.whole_hour_aku_seconds(u.aku_seconds_before, u.used_seconds_before)
        ) AS whole_hour_aku_seconds
    FROM billing.late_usage AS u
    WHERE u.bill_key = late_differences.bill_key AND u.state IN ('pending', 'applied')
    GROUP BY u.hour_start
$$;
COMMENT ON FUNCTION billing.late_differences IS
'By how much the hours of a bill are known to differ from what was billed, pending or applied: see '
'metering.subscription_hours.';
