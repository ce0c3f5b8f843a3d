-- Runs with the owner's rights, so that the writer role can ask for it without owning tables.
CREATE FUNCTION metering.drop_month(month date, at timestamptz, retention interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' SET lock_timeout = '60s' AS $$
DECLARE
    first timestamptz := date_trunc('month', CAST(month AS timestamp)) AT TIME ZONE 'UTC';
    last timestamptz := (date_trunc('month', CAST(month AS timestamp)) + interval '1 month') AT TIME ZONE 'UTC';
    reason text;
    parent text;
BEGIN
    -- In turn with polls being written and hours being closed (include/metering/hours/close.py, CLOSING).
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/closing', 0));
    reason := metering.why_month_stays(month, at, retention);
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'Polls and readings of % stay: %', to_char(month, 'YYYY-MM'), reason
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Close the hours, resolve or waive the gaps and issue the bills, or wait.';
    END IF;
    INSERT INTO metering.dropped_months AS stored (month_start, month_end, closable_from, dropped_at)
    SELECT first, last, greatest(last, max(hours.until_at)), at
    FROM metering.hours_made_of_month(first, last) AS hours
    ON CONFLICT (month_start) DO UPDATE SET
        closable_from = greatest(stored.closable_from, excluded.closable_from), dropped_at = excluded.dropped_at;
    FOREACH parent IN ARRAY ARRAY['polls', 'readings'] LOOP
        EXECUTE format('DROP TABLE IF EXISTS metering.%I', parent || to_char(month, '_YYYY_MM'));
    END LOOP;
END
$$;
COMMENT ON FUNCTION metering.drop_month IS
'Drops the polls and readings of a month (UTC), or refuses and says why.';
