-- Whether an hour after the last answer can be closed: a person waived all of it that is not known, for the environment
-- and for each instance with a gap, so no answer has to come any more.
CREATE FUNCTION metering.is_hour_waived(environment bigint, hour timestamptz, answered_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT
        coalesce(
            range_agg(tstzrange(gaps.gap_start, gaps.gap_end)) FILTER (
                WHERE gaps.instance_key IS NULL AND gaps.state = 'waived'
            ) @> tstzrange(
                greatest(hour, answered_at, date_trunc('second', max(subscriptions.metering_started_at))),
                hour + interval '1 hour'
            ),
            FALSE
        )
        AND NOT coalesce(bool_or(gaps.state = 'open'), FALSE)
    FROM metering.gaps
    INNER JOIN core.environments ON environments.environment_key = gaps.environment_key
    INNER JOIN core.subscriptions ON subscriptions.subscription_key = environments.subscription_key
    WHERE
        gaps.environment_key = environment
        AND gaps.gap_start < hour + interval '1 hour'
        AND gaps.gap_end > hour;
$$;
COMMENT ON FUNCTION metering.is_hour_waived IS
'Whether what is not known of an hour of an environment, after its last answer (null: there was none), was waived.';
