-- How the usage of an hour of an environment follows from readings: spans of one size of each instance, with the two
-- answered polls that bound the interval and the rule that chose the size. The rules are those of routines/metering.
WITH environment AS (
    SELECT
        e.environment_key,
        date_trunc('second', s.metering_started_at) AS metered_from,
        date_trunc('second', s.ended_at) AS ended_at,
        (
            SELECT max(p.observed_at) FROM metering.polls AS p
            WHERE p.environment_key = e.environment_key AND p.ok AND p.observed_at <= :hour_start
        ) AS before_at,
        (
            SELECT min(p.observed_at) FROM metering.polls AS p
            WHERE p.environment_key = e.environment_key AND p.ok AND p.observed_at >= :hour_end
        ) AS after_at
    FROM core.environments AS e
    INNER JOIN core.subscriptions AS s ON e.subscription_key = s.subscription_key
    WHERE e.environment_key = :environment_key
),

polls AS (
    SELECT
        p.observed_at,
        row_number() OVER polled AS poll_number,
        e.metered_from,
        e.ended_at,
        e.before_at IS NULL AND row_number() OVER polled = 1 AS is_first,
        lag(p.observed_at, 1, CASE WHEN e.before_at IS NULL THEN e.metered_from END) OVER polled AS previous_at
    FROM environment AS e
    INNER JOIN metering.polls AS p ON e.environment_key = p.environment_key AND p.ok
    WHERE
        p.observed_at >= coalesce(e.before_at, :hour_start)
        AND p.observed_at <= coalesce(e.after_at, :hour_end)
    WINDOW polled AS (ORDER BY p.observed_at)
),

sightings AS (
    SELECT
        p.*,
        r.instance_key,
        r.state,
        r.is_rejected,
        metering.counted_aku(
            r.is_rejected, r.environment_key, r.instance_key, r.observed_at, r.state, r.aku, :billable_states
        ) AS aku,
        r.instance_created_at AS created_at,
        r.instance_modified_at AS modified_at
    FROM polls AS p
    INNER JOIN metering.readings AS r
        ON r.environment_key = :environment_key AND p.observed_at = r.observed_at
),

chained AS (
    SELECT
        *,
        coalesce(lag(poll_number) OVER life = poll_number - 1, FALSE) AS was_listed,
        lag(aku) OVER life AS earlier_aku,
        coalesce(lag(is_rejected) OVER life, FALSE) AS was_rejected,
        coalesce(least(observed_at, ended_at) - previous_at > CAST(:tolerance AS interval), FALSE) AS is_long
    FROM sightings
    WINDOW life AS (PARTITION BY instance_key ORDER BY observed_at)
),

ruled AS (
    SELECT
        instance_key,
        metered_from,
        ended_at,
        previous_at AS from_at,
        observed_at AS to_at,
        CAST(observed_at AS timestamptz) AS to_poll,
        CASE WHEN NOT is_first THEN previous_at END AS from_poll,
        metering.interval_is_silent(is_long, was_listed, was_rejected, modified_at, previous_at) AS is_silent,
        metering.interval_earlier_aku(
            was_listed, was_rejected, earlier_aku, aku, modified_at, previous_at
        ) AS earlier_aku,
        aku,
        created_at,
        modified_at,
        metering.interval_rule(
            was_listed, was_rejected, earlier_aku, is_first, is_rejected, aku, modified_at, previous_at, observed_at
        ) AS rule
    FROM chained
    WHERE previous_at IS NOT NULL
    UNION ALL
    -- No poll came after: the last answer was carried on; within the tolerance of the subscription's end it holds.
    SELECT
        s.instance_key,
        s.metered_from,
        s.ended_at,
        s.observed_at AS from_at,
        least(:hour_end, s.ended_at) AS to_at,
        CAST(NULL AS timestamptz) AS to_poll,
        s.observed_at AS from_poll,
        coalesce(s.ended_at - s.observed_at > CAST(:tolerance AS interval), TRUE) AS is_silent,
        s.aku AS earlier_aku,
        s.aku,
        s.created_at,
        s.modified_at,
        metering.tail_rule(coalesce(s.ended_at - s.observed_at > CAST(:tolerance AS interval), TRUE)) AS rule
    FROM sightings AS s
    INNER JOIN environment AS e ON e.after_at IS NULL
    WHERE s.observed_at = (SELECT max(p.observed_at) FROM polls AS p) AND s.aku > 0
),

spans AS (
    SELECT
        r.*,
        s.aku AS span_aku,
        s.known,
        greatest(s.start_at, r.metered_from, :hour_start) AS start_at,
        least(s.end_at, :hour_end, r.ended_at) AS end_at
    FROM ruled AS r
    CROSS JOIN
        LATERAL metering.measured_interval(
            r.rule,
            r.is_silent,
            r.from_at,
            r.to_at,
            r.metered_from,
            r.ended_at,
            r.earlier_aku,
            r.aku,
            r.created_at,
            r.modified_at
        ) AS m
    CROSS JOIN LATERAL (
        VALUES
        (r.from_at, least(m.split_at, r.to_at), m.aku_before, m.known_before),
        (greatest(m.split_at, r.from_at), r.to_at, m.aku_after, m.known_after)
    ) AS s (start_at, end_at, aku, known)
)

SELECT
    s.instance_key,
    i.instance_id,
    s.start_at,
    s.end_at,
    s.span_aku AS aku,
    s.known,
    s.rule,
    s.from_poll,
    s.to_poll,
    s.modified_at,
    CAST(s.span_aku * extract(EPOCH FROM s.end_at - s.start_at) AS bigint) AS aku_seconds
FROM spans AS s
INNER JOIN core.instances AS i ON s.instance_key = i.instance_key
WHERE s.start_at < s.end_at AND (s.span_aku > 0 OR s.known IN ('estimated', 'unknown'))
ORDER BY i.instance_id, s.start_at
