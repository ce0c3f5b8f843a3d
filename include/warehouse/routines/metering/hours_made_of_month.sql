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
