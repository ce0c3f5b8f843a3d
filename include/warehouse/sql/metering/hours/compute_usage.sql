-- Usage and gaps of the window, in one pass over its readings. The rules are in routines/metering: interval_rule says
-- which one an interval between two answered polls falls under, measured_interval what the interval comes to. Nothing
-- is used, and nothing is missing, before metering starts and after the subscription has ended.
WITH sightings AS MATERIALIZED (
    SELECT
        readings.instance_key,
        readings.environment_key,
        readings.observed_at,
        readings.is_rejected,
        metering.counted_aku(
            readings.is_rejected,
            readings.environment_key,
            readings.instance_key,
            readings.observed_at,
            readings.state,
            readings.aku,
            :billable_states
        ) AS aku,
        readings.instance_created_at AS created_at,
        readings.instance_modified_at AS modified_at
    FROM closing_polls AS polls
    INNER JOIN metering.readings
        ON polls.environment_key = readings.environment_key AND polls.observed_at = readings.observed_at
    -- Said again in constants, so that only the window's partitions are opened.
    WHERE NOT polls.is_edge AND readings.observed_at > :window_start AND readings.observed_at < :window_end
    UNION ALL
    SELECT
        readings.instance_key,
        readings.environment_key,
        readings.observed_at,
        readings.is_rejected,
        metering.counted_aku(
            readings.is_rejected,
            readings.environment_key,
            readings.instance_key,
            readings.observed_at,
            readings.state,
            readings.aku,
            :billable_states
        ) AS aku,
        readings.instance_created_at AS created_at,
        readings.instance_modified_at AS modified_at
    FROM closing_polls AS polls
    -- OFFSET 0 keeps this a look at one key of one partition for each edge.
    CROSS JOIN
        LATERAL (
            SELECT * FROM metering.readings AS kept
            WHERE kept.environment_key = polls.environment_key AND kept.observed_at = polls.observed_at
            OFFSET 0
        ) AS readings
    WHERE polls.is_edge AND NOT polls.is_trailing
),

-- Most instances are quiet: every poll lists them at one size, and nothing was modified since the first of these polls.
-- For them each interval is the first row of the rules, so that they need no look at their intervals one by one.
environments AS (
    SELECT
        environment_key,
        count(*) AS poll_count,
        min(observed_at) AS first_at
    FROM closing_polls
    GROUP BY environment_key
    HAVING NOT bool_or(is_first OR is_trailing)
),

instances AS (
    SELECT
        instance_key,
        environment_key,
        count(*) AS sighting_count,
        min(aku) AS smallest_aku,
        max(aku) AS largest_aku,
        max(modified_at) AS modified_at,
        bool_or(is_rejected) AS is_rejected
    FROM sightings
    GROUP BY instance_key, environment_key
),

known AS MATERIALIZED (
    SELECT
        instances.instance_key,
        instances.environment_key,
        instances.largest_aku AS aku,
        coalesce(
            instances.sighting_count = environments.poll_count
            AND instances.smallest_aku = instances.largest_aku
            AND instances.modified_at <= environments.first_at
            AND NOT instances.is_rejected,
            FALSE
        ) AS is_quiet
    FROM instances
    LEFT JOIN environments ON instances.environment_key = environments.environment_key
),

-- Materialized, which keeps the quiet ones out of all that follows; where all are quiet, nothing is read again.
changing AS MATERIALIZED (
    SELECT *
    FROM sightings
    WHERE instance_key IN (SELECT known.instance_key FROM known WHERE NOT known.is_quiet)
),

chained AS (
    SELECT
        changing.*,
        polls.metered_from,
        polls.ended_at,
        polls.previous_at,
        polls.is_first,
        polls.is_long,
        -- Absent from the poll before means that whatever was said earlier has ended.
        lag(changing.observed_at) OVER life = polls.previous_at AS was_listed,
        lag(changing.aku) OVER life AS earlier_aku,
        coalesce(lag(changing.is_rejected) OVER life, FALSE) AS was_rejected
    FROM changing
    INNER JOIN closing_polls AS polls
        ON changing.environment_key = polls.environment_key AND changing.observed_at = polls.observed_at
    WHERE NOT polls.is_trailing
    WINDOW life AS (PARTITION BY changing.instance_key ORDER BY changing.observed_at)
),

ruled AS (
    SELECT
        instance_key,
        environment_key,
        metered_from,
        ended_at,
        previous_at AS from_at,
        observed_at AS to_at,
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
    -- The poll before the window starts no interval in it.
    WHERE previous_at IS NOT NULL
    UNION ALL
    -- What the last answer said is carried on through hours that are closed without a further one; within the tolerance
    -- it simply holds until the end.
    SELECT
        sightings.instance_key,
        tails.environment_key,
        tails.metered_from,
        tails.ended_at,
        tails.previous_at AS from_at,
        tails.observed_at AS to_at,
        tails.is_long AS is_silent,
        sightings.aku AS earlier_aku,
        sightings.aku,
        sightings.created_at,
        sightings.modified_at,
        metering.tail_rule(tails.is_long) AS rule
    FROM closing_polls AS tails
    INNER JOIN sightings
        ON tails.environment_key = sightings.environment_key AND tails.previous_at = sightings.observed_at
    WHERE tails.is_trailing AND sightings.aku > 0
),

judged AS MATERIALIZED (
    SELECT
        ruled.instance_key,
        ruled.environment_key,
        ruled.to_at,
        interval.*
    FROM ruled
    CROSS JOIN
        LATERAL metering.measured_interval(
            ruled.rule,
            ruled.is_silent,
            ruled.from_at,
            ruled.to_at,
            ruled.metered_from,
            ruled.ended_at,
            ruled.earlier_aku,
            ruled.aku,
            ruled.created_at,
            ruled.modified_at
        ) AS interval
),

gaps AS (
    INSERT INTO closing_gaps (environment_key, instance_key, gap_start, gap_end, cause, observed_at)
    SELECT
        environment_key,
        instance_key,
        gap_start,
        gap_end,
        gap_cause AS cause,
        to_at AS observed_at
    FROM judged
    WHERE gap_start < gap_end
),

-- Intervals cut at hours and measured once for each environment, not for each of its instances: each touches the hour
-- in which it begins, and the hours that begin within it.
touched AS (
    SELECT
        polls.*,
        hours.hour_start,
        hours.hour_end
    FROM closing_polls AS polls
    INNER JOIN closing_hours AS hours
        ON polls.environment_key = hours.environment_key AND date_trunc('hour', polls.previous_at) = hours.hour_start
    WHERE hours.state <> 'open'
    UNION ALL
    SELECT
        polls.*,
        hours.hour_start,
        hours.hour_end
    FROM closing_polls AS polls
    INNER JOIN closing_hours AS hours
        ON
            polls.environment_key = hours.environment_key
            AND polls.previous_at < hours.hour_start
            AND polls.observed_at > hours.hour_start
    WHERE
        hours.state <> 'open'
        -- Few intervals are looked at here: those in which an hour begins.
        AND date_trunc('hour', polls.observed_at - interval '1 second') > polls.previous_at
),

pieces AS MATERIALIZED (
    SELECT
        cut.*,
        CAST(extract(EPOCH FROM cut.to_at - cut.from_at) AS integer) AS seconds
    FROM (
        SELECT
            environment_key,
            observed_at,
            is_long,
            hour_start,
            greatest(previous_at, metered_from, hour_start, :window_start) AS from_at,
            least(observed_at, ended_at, hour_end, :window_end) AS to_at
        FROM touched
    ) AS cut
    WHERE cut.from_at < cut.to_at
),

measured AS (
    SELECT
        judged.instance_key,
        judged.environment_key,
        pieces.hour_start,
        judged.aku_before,
        judged.aku_after,
        judged.known_before,
        judged.known_after,
        pieces.seconds,
        CASE
            WHEN judged.split_at >= pieces.to_at THEN pieces.seconds
            WHEN judged.split_at <= pieces.from_at THEN 0
            ELSE CAST(extract(EPOCH FROM judged.split_at - pieces.from_at) AS integer)
        END AS seconds_before,
        CASE
            WHEN judged.gap_start < pieces.to_at AND judged.gap_end > pieces.from_at
                THEN CAST(
                    extract(
                        EPOCH FROM least(judged.gap_end, pieces.to_at) - greatest(judged.gap_start, pieces.from_at)
                    ) AS integer
                )
            ELSE 0
        END AS gap_seconds
    FROM judged
    INNER JOIN pieces
        ON judged.environment_key = pieces.environment_key AND judged.to_at = pieces.observed_at
    -- OFFSET 0 lets each of these be computed once and not again for each sum.
    OFFSET 0
),

used AS (
    SELECT
        *,
        CAST(aku_before AS bigint) * seconds_before AS used_before,
        CAST(aku_after AS bigint) * (seconds - seconds_before) AS used_after
    FROM measured
),

summed AS (
    SELECT
        hour_start,
        instance_key,
        environment_key,
        CAST(sum(used_before + used_after) AS bigint) AS aku_seconds,
        CAST(
            coalesce(sum(used_before) FILTER (WHERE known_before = 'inferred'), 0)
            + coalesce(sum(used_after) FILTER (WHERE known_after = 'inferred'), 0) AS bigint
        ) AS inferred_aku_seconds,
        CAST(
            coalesce(sum(used_before) FILTER (WHERE known_before = 'estimated'), 0) AS bigint
        ) AS estimated_aku_seconds,
        sum(gap_seconds) AS gap_seconds
    FROM used
    GROUP BY hour_start, instance_key, environment_key
    UNION ALL
    SELECT
        hours.hour_start,
        known.instance_key,
        known.environment_key,
        known.aku * hours.seconds AS aku_seconds,
        known.aku * hours.inferred_seconds AS inferred_aku_seconds,
        0 AS estimated_aku_seconds,
        0 AS gap_seconds
    FROM known
    INNER JOIN (
        SELECT
            environment_key,
            hour_start,
            sum(seconds) AS seconds,
            coalesce(sum(seconds) FILTER (WHERE is_long), 0) AS inferred_seconds
        FROM pieces
        GROUP BY environment_key, hour_start
    ) AS hours ON known.environment_key = hours.environment_key
    WHERE known.is_quiet
)

INSERT INTO closing_usage (
    hour_start, instance_key, environment_key, aku_seconds, inferred_aku_seconds, estimated_aku_seconds, gap_seconds
)
SELECT
    hour_start,
    instance_key,
    environment_key,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds
FROM summed
WHERE aku_seconds > 0 OR gap_seconds > 0
