-- An hour on an issued bill keeps the usage that it was billed with. Where the file knows it otherwise, the difference
-- waits as a pending adjustment: what was billed, after the adjustments applied since, against what the file says. What
-- another import of the hour left waiting is replaced, and withdrawn when it is as billed after all. Closing hours does
-- the same with what readings find (close_adjust_bills), which these rows do not touch: they were judged as measured.
WITH due AS (
    SELECT
        bills.bill_key,
        bills.bill_id,
        who.subscription_key,
        who.environment_key,
        instances.instance_key,
        judged.hour_start,
        judged.aku_seconds,
        coalesce(applied.aku_seconds_after, judged.known_aku_seconds, 0) AS billed_aku_seconds
    FROM classified_rows AS judged
    INNER JOIN staged_instances AS who ON judged.pair = who.pair
    INNER JOIN core.instances
        ON who.environment_key = instances.environment_key AND who.instance_id = instances.instance_id
    INNER JOIN LATERAL (
        SELECT
            issued.bill_key,
            issued.bill_id
        FROM billing.bills AS issued
        WHERE
            issued.subscription_key = who.subscription_key
            AND issued.state IN ('issued', 'reconciled')
            AND issued.period_start <= judged.hour_start
            AND judged.hour_start < issued.period_end
        -- The first is the one with the usage, whatever documents correct it.
        ORDER BY issued.bill_key
        LIMIT 1
    ) AS bills ON TRUE
    LEFT JOIN LATERAL (
        SELECT latest.aku_seconds_after
        FROM billing.late_usage AS latest
        WHERE
            latest.bill_key = bills.bill_key
            AND latest.hour_start = judged.hour_start
            AND latest.instance_key = instances.instance_key
            AND latest.state = 'applied'
        -- Each began only once the one before it was applied.
        ORDER BY latest.late_usage_key DESC
        LIMIT 1
    ) AS applied ON TRUE
    WHERE judged.rule IS NULL AND judged.is_billed
),

withdrawn AS (
    UPDATE billing.late_usage AS pending
    SET state = 'withdrawn', closed_at = :rejected_at
    FROM due
    WHERE
        pending.hour_start = due.hour_start
        AND pending.instance_key = due.instance_key
        AND pending.state = 'pending'
        AND due.aku_seconds = due.billed_aku_seconds
),

kept AS (
    INSERT INTO billing.late_usage AS kept (
        bill_key,
        subscription_key,
        environment_key,
        instance_key,
        hour_start,
        aku_seconds_before,
        aku_seconds_after,
        cause,
        found_at
    )
    SELECT
        bill_key,
        subscription_key,
        environment_key,
        instance_key,
        hour_start,
        billed_aku_seconds AS aku_seconds_before,
        aku_seconds AS aku_seconds_after,
        'imported' AS cause,
        :rejected_at AS found_at
    FROM due
    WHERE aku_seconds <> billed_aku_seconds
    ORDER BY hour_start, instance_key
    ON CONFLICT (hour_start, instance_key) WHERE state = 'pending' DO UPDATE SET
        aku_seconds_before = excluded.aku_seconds_before,
        aku_seconds_after = excluded.aku_seconds_after,
        cause = excluded.cause,
        found_at = excluded.found_at
    WHERE
    (kept.aku_seconds_before, kept.aku_seconds_after)
    IS DISTINCT FROM (excluded.aku_seconds_before, excluded.aku_seconds_after)
)

SELECT
    count(*) FILTER (WHERE aku_seconds <> billed_aku_seconds) AS adjusted,
    coalesce(
        array_agg(DISTINCT bill_id ORDER BY bill_id) FILTER (WHERE aku_seconds <> billed_aku_seconds), '{}'
    ) AS bills
FROM due
