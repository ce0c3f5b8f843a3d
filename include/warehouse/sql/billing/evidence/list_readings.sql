-- How the usage of an hour of an environment follows from readings: spans of one size of each instance, with the two
-- answered polls that bound the interval and the rule that chose the size. The rules are those of routines/metering.
WITH environment AS (
    SELECT
        e.environment_key,
        date_trunc('second', s.metering_started_at) AS metered_from,
        date_trunc('second', s.ended_at) AS ended_at,
        coalesce(h.tolerance_seconds * interval '1 second', :tolerance) AS tolerance,
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
    LEFT JOIN metering.environment_hours AS h
        ON e.environment_key = h.environment_key AND h.hour_start = :hour_start
    WHERE e.environment_key = :environment_key
),

polls AS (
    SELECT
        p.observed_at,
        row_number() OVER polled AS poll_number,
        e.metered_from,
        e.ended_at,
        e.tolerance,
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
        coalesce(least(observed_at, ended_at) - previous_at > tolerance, FALSE) AS is_long
    FROM sightings
    WINDOW life AS (PARTITION BY instance_key ORDER BY observed_at)
),

-- No poll came after: the last answer was carried on; within the tolerance of the subscription's end it holds.
tails AS (
    SELECT
        s.*,
        least(:hour_end, s.ended_at) AS until_at,
        coalesce(s.ended_at - s.observed_at > s.tolerance, TRUE) AS is_long
    FROM sightings AS s
    INNER JOIN environment AS e ON e.after_at IS NULL
    WHERE s.observed_at = (SELECT max(p.observed_at) FROM polls AS p) AND s.aku > 0
),

judged AS (
    SELECT
        c.instance_key,
        c.metered_from,
        c.ended_at,
        c.previous_at AS from_at,
        c.observed_at AS to_at,
        CASE WHEN NOT c.is_first THEN c.previous_at END AS from_poll,
        CAST(c.observed_at AS timestamptz) AS to_poll,
        c.modified_at,
        j.*
    FROM chained AS c
    CROSS JOIN
        LATERAL metering.judged_interval(
            c.was_listed, c.was_rejected, c.earlier_aku, c.is_first, c.is_long, c.is_rejected, c.aku, c.created_at,
            c.modified_at, c.previous_at, c.observed_at, c.metered_from, c.ended_at
        ) AS j
    WHERE c.previous_at IS NOT NULL
    UNION ALL
    SELECT
        t.instance_key,
        t.metered_from,
        t.ended_at,
        t.observed_at AS from_at,
        t.until_at AS to_at,
        t.observed_at AS from_poll,
        CAST(NULL AS timestamptz) AS to_poll,
        t.modified_at,
        j.*
    FROM tails AS t
    CROSS JOIN
        LATERAL metering.judged_tail(
            t.is_long, t.is_rejected, t.aku, t.created_at, t.modified_at, t.observed_at, t.until_at, t.metered_from,
            t.ended_at
        ) AS j
),

spans AS (
    SELECT
        j.*,
        s.aku,
        s.known,
        greatest(s.start_at, j.metered_from, :hour_start) AS start_at,
        least(s.end_at, :hour_end, j.ended_at) AS end_at
    FROM judged AS j
    CROSS JOIN LATERAL (
        VALUES
        (j.from_at, least(j.split_at, j.to_at), j.aku_before, j.known_before),
        (greatest(j.split_at, j.from_at), j.to_at, j.aku_after, j.known_after)
    ) AS s (start_at, end_at, aku, known)
)

SELECT
    s.instance_key,
    i.instance_id,
    s.start_at,
    s.end_at,
    s.aku,
    s.known,
    s.rule,
    s.from_poll,
    s.to_poll,
    s.modified_at,
    CAST(s.aku * extract(EPOCH FROM s.end_at - s.start_at) AS bigint) AS aku_seconds
FROM spans AS s
INNER JOIN metering.instances AS i ON s.instance_key = i.instance_key
WHERE s.start_at < s.end_at AND (s.aku > 0 OR s.known IN ('estimated', 'unknown'))
ORDER BY i.instance_id, s.start_at
