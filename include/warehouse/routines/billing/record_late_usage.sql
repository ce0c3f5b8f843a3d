-- An hour on an issued bill keeps the usage that it was billed with. Where it was found otherwise since, by readings or
-- in a file (found_late_usage), the difference waits as late usage: what was billed, after the late usage that was
-- applied since, against what was found. What an earlier finding left waiting is replaced, and withdrawn when the hour
-- is as billed after all. Another peak, or other seconds with AKU, count where the price plan charges by them. Returns
-- how many instance-hours differ from their bills, and which bills these are.
CREATE FUNCTION billing.record_late_usage(at timestamptz) RETURNS TABLE (adjusted bigint, bills text[])
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    WITH due AS (
        SELECT
            found.*,
            billed.aku_seconds AS billed_aku_seconds,
            billed.peak_aku AS billed_peak_aku,
            billed.used_seconds AS billed_used_seconds,
            CASE
                WHEN found.aku_seconds <> billed.aku_seconds THEN TRUE
                WHEN (found.peak_aku, found.used_seconds) = (billed.peak_aku, billed.used_seconds) THEN FALSE
                ELSE EXISTS (
                    SELECT FROM billing.version_at(found.subscription_key, found.hour_start) AS version
                    WHERE version.hour_measure <> 'time_weighted'
                )
            END AS is_different
        FROM found_late_usage AS found
        LEFT JOIN LATERAL (
            SELECT
                latest.aku_seconds_after,
                latest.peak_aku_after,
                latest.used_seconds_after
            FROM billing.late_usage AS latest
            WHERE
                latest.bill_key = found.bill_key
                AND latest.hour_start = found.hour_start
                AND latest.instance_key = found.instance_key
                AND latest.state = 'applied'
            -- Each began only once the one before it was applied.
            ORDER BY latest.late_usage_key DESC
            LIMIT 1
        ) AS applied ON TRUE
        CROSS JOIN LATERAL (
            SELECT
                coalesce(applied.aku_seconds_after, found.kept_aku_seconds) AS aku_seconds,
                coalesce(applied.peak_aku_after, found.kept_peak_aku) AS peak_aku,
                coalesce(applied.used_seconds_after, found.kept_used_seconds) AS used_seconds
        ) AS billed
    ),

    withdrawn AS (
        UPDATE billing.late_usage AS pending
        SET state = 'withdrawn', closed_at = record_late_usage.at
        FROM due
        WHERE
            pending.hour_start = due.hour_start
            AND pending.instance_key = due.instance_key
            AND pending.state = 'pending'
            AND NOT due.is_different
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
            peak_aku_before,
            peak_aku_after,
            used_seconds_before,
            used_seconds_after,
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
            billed_peak_aku AS peak_aku_before,
            peak_aku AS peak_aku_after,
            billed_used_seconds AS used_seconds_before,
            used_seconds AS used_seconds_after,
            cause,
            record_late_usage.at AS found_at
        FROM due
        WHERE is_different
        ORDER BY hour_start, instance_key
        ON CONFLICT (hour_start, instance_key) WHERE state = 'pending' DO UPDATE SET
            aku_seconds_before = excluded.aku_seconds_before,
            aku_seconds_after = excluded.aku_seconds_after,
            peak_aku_before = excluded.peak_aku_before,
            peak_aku_after = excluded.peak_aku_after,
            used_seconds_before = excluded.used_seconds_before,
            used_seconds_after = excluded.used_seconds_after,
            cause = excluded.cause,
            found_at = excluded.found_at
        WHERE
        (
            kept.aku_seconds_before, kept.aku_seconds_after, kept.peak_aku_before, kept.peak_aku_after,
            kept.used_seconds_before, kept.used_seconds_after
        ) <> (
            excluded.aku_seconds_before, excluded.aku_seconds_after, excluded.peak_aku_before, excluded.peak_aku_after,
            excluded.used_seconds_before, excluded.used_seconds_after
        )
    )

    SELECT
        count(*) AS adjusted,
        coalesce(array_agg(DISTINCT bills.bill_id ORDER BY bills.bill_id), '{}') AS bills
    FROM due
    INNER JOIN billing.bills ON due.bill_key = bills.bill_key
    WHERE due.is_different;
END
$$;
COMMENT ON FUNCTION billing.record_late_usage IS
'Records what issued bills had wrong, from found_late_usage; how many hours differ, and the bills.';
