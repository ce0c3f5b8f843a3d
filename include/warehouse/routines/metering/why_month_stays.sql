-- Polls and readings are what usage was made of. A month (UTC) of them may go once it is old enough and nothing can be
-- made of it any more: every hour is closed for good and on an issued bill. These functions decide, not their callers.
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
    -- A caller may ask as of an earlier instant, not of a later one.
    IF last + retention > least(at, metering.clock()) THEN
        RETURN format('it is kept until %s UTC', to_char(last + retention, 'YYYY-MM-DD'));
    END IF;

    -- Hours at the end of a month are made of the next month's polls, so months go in order.
    SELECT min(substring(child.relname FROM '\d{4}_\d{2}$')) AS month_name INTO found
    FROM pg_inherits AS link
    INNER JOIN pg_class AS child ON link.inhrelid = child.oid
    WHERE
        link.inhparent IN (CAST('metering.polls' AS regclass), CAST('metering.readings' AS regclass))
        AND substring(child.relname FROM '\d{4}_\d{2}$') < to_char(month, 'YYYY_MM');
    IF found.month_name IS NOT NULL THEN
        RETURN format('polls of %s stay, and months go in order', replace(found.month_name, '_', '-'));
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
        FROM billing.issued_bills AS bills
        WHERE bills.subscription_key = environments.subscription_key
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
