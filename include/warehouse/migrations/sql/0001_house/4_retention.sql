-- Polls and readings are what usage was made of. A month (UTC) of them may go once it is old enough and nothing can be
-- made of it any more: every hour is closed for good and on an issued bill. These functions decide, not their callers.

-- Until when hours of each environment are made of the month's polls: the interval that its last answer begins ends
-- with the next answer, which may be in the next month.
CREATE FUNCTION metering.hours_made_of_month(month_start timestamptz, month_end timestamptz)
RETURNS TABLE (environment_key bigint, from_at timestamptz, until_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog SET timezone = 'UTC' AS $$
    SELECT
        polled.environment_key,
        date_trunc('hour', polled.first_at) AS from_at,
        least(
            date_trunc('hour', coalesce(next_answer.observed_at, polled.last_at)) + interval '1 hour',
            subscriptions.ended_at
        ) AS until_at
    FROM (
        SELECT
            polls.environment_key,
            min(polls.observed_at) AS first_at,
            max(polls.observed_at) AS last_at
        FROM metering.polls
        WHERE
            polls.observed_at >= month_start
            AND polls.observed_at < month_end
        GROUP BY polls.environment_key
    ) AS polled
    INNER JOIN core.environments ON polled.environment_key = environments.environment_key
    INNER JOIN core.subscriptions ON environments.subscription_key = subscriptions.subscription_key
    LEFT JOIN LATERAL (
        SELECT polls.observed_at
        FROM metering.polls
        WHERE
            polls.environment_key = polled.environment_key
            AND polls.ok
            AND polls.observed_at >= month_end
        ORDER BY polls.observed_at
        LIMIT 1
    ) AS next_answer ON TRUE
    WHERE subscriptions.ended_at IS NULL OR subscriptions.ended_at > date_trunc('hour', polled.first_at);
$$;
COMMENT ON FUNCTION metering.hours_made_of_month IS
'For each environment with polls in [month_start, month_end): the hours [from_at, until_at) that are made of them.';

CREATE FUNCTION metering.why_month_stays(month date, at timestamptz, retention interval) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog SET timezone = 'UTC' AS $$
DECLARE
    first timestamptz := date_trunc('month', CAST(month AS timestamp)) AT TIME ZONE 'UTC';
    last timestamptz := (date_trunc('month', CAST(month AS timestamp)) + interval '1 month') AT TIME ZONE 'UTC';
    found record;
BEGIN
    IF retention < interval '35 days' THEN
        RETURN format('a retention of %s is less than 35 days, in which bills are made and disputed', retention);
    END IF;
    IF last + retention > at THEN
        RETURN format('it is kept until %s UTC', to_char(last + retention, 'YYYY-MM-DD'));
    END IF;

    SELECT count(*) AS hour_count, min(hour_start) AS hour_start INTO found
    FROM metering.environment_hours
    WHERE hour_start >= first AND hour_start < last AND state <> 'closed';
    IF found.hour_count > 0 THEN
        RETURN format(
            '%s hour(s) of environments are not closed for good, the first at %s UTC',
            found.hour_count, to_char(found.hour_start, 'YYYY-MM-DD HH24:MI')
        );
    END IF;

    SELECT count(*) AS gap_count, min(gap_key) AS gap_key INTO found
    FROM metering.gaps
    WHERE gap_start < last AND gap_end > first AND state = 'open';
    IF found.gap_count > 0 THEN
        RETURN format('%s gap(s) in it are open, the first is number %s', found.gap_count, found.gap_key);
    END IF;

    SELECT count(*) AS environment_count, min(environments.environment_id) AS environment_id INTO found
    FROM metering.hours_made_of_month(first, last) AS hours
    INNER JOIN core.environments ON environments.environment_key = hours.environment_key
    LEFT JOIN LATERAL (
        SELECT range_agg(tstzrange(bills.period_start, bills.period_end)) AS periods
        FROM billing.bills
        WHERE bills.subscription_key = environments.subscription_key AND bills.state IN ('issued', 'settled')
    ) AS issued ON TRUE
    WHERE NOT coalesce(issued.periods @> tstzrange(hours.from_at, hours.until_at), FALSE);
    IF found.environment_count > 0 THEN
        RETURN format(
            'hours of %s environment(s) made of it are not on issued bills, the first is %s',
            found.environment_count, found.environment_id
        );
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION metering.why_month_stays IS
'Why the polls and readings of a month (UTC) may not be dropped; null when they may.';

-- Runs with the owner's rights, so that the writer role can ask for it without owning tables.
CREATE FUNCTION metering.drop_month(month date, at timestamptz, retention interval) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog SET timezone = 'UTC' SET lock_timeout = '60s' AS $$
DECLARE
    first timestamptz := date_trunc('month', CAST(month AS timestamp)) AT TIME ZONE 'UTC';
    last timestamptz := (date_trunc('month', CAST(month AS timestamp)) + interval '1 month') AT TIME ZONE 'UTC';
    reason text;
    parent text;
BEGIN
    -- In turn with polls being written and hours being closed (include/metering/close.py, CLOSING).
    PERFORM pg_advisory_xact_lock(hashtextextended('metering/closing', 0));
    reason := metering.why_month_stays(month, at, retention);
    IF reason IS NOT NULL THEN
        RAISE EXCEPTION 'Polls and readings of % stay: %', to_char(month, 'YYYY-MM'), reason
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Close the hours, settle the gaps and issue the bills, or wait.';
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

-- An hour whose polls are gone would come out as nothing, so it is never closed again, whoever asks …
CREATE FUNCTION metering.guard_dropped_hours() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog SET timezone = 'UTC' AS $$
DECLARE
    closable_from timestamptz := (SELECT max(months.closable_from) FROM metering.dropped_months AS months);
BEGIN
    IF EXISTS (SELECT FROM written WHERE written.hour_start < closable_from AND written.state <> 'stale') THEN
        RAISE EXCEPTION 'Hours before % UTC can not be closed again: the polls that they were made of were dropped',
            to_char(closable_from, 'YYYY-MM-DD HH24:MI')
            USING ERRCODE = 'object_not_in_prerequisite_state',
            HINT = 'Give a window that starts there. Usage of earlier hours stands on issued bills and stays.';
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER guard_dropped_hours_from_insert AFTER INSERT ON metering.environment_hours
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION metering.guard_dropped_hours();
CREATE TRIGGER guard_dropped_hours_from_update AFTER UPDATE ON metering.environment_hours
REFERENCING NEW TABLE AS written FOR EACH STATEMENT EXECUTE FUNCTION metering.guard_dropped_hours();

-- … and a poll that comes that late makes none of them due: it is kept as any other, and the hours stay as they are.
CREATE FUNCTION metering.keep_dropped_hours() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    IF OLD.hour_start < (SELECT max(months.closable_from) FROM metering.dropped_months AS months) THEN
        RETURN NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_dropped_hours BEFORE UPDATE ON metering.environment_hours
FOR EACH ROW WHEN (new.state = 'stale' AND old.state <> 'stale') EXECUTE FUNCTION metering.keep_dropped_hours();
