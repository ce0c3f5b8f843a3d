-- The rules of metering (docs/concepts/metering.md), as one pass over the readings of the window.
--
-- An interval lies between two answered polls of an environment. For each instance it is cut in two at split_at: before it
-- aku_before was used, from it on aku_after. Every rule is a choice of these three, of how they are known, and of the gap.
WITH sightings AS (
    SELECT
        readings.instance_key,
        polls.environment_key,
        polls.poll_number,
        polls.metered_from,
        polls.previous_at,
        polls.observed_at,
        polls.is_first,
        polls.is_long,
        readings.is_rejected,
        CASE WHEN readings.state = ANY(:billable_states) THEN readings.aku ELSE 0 END AS aku,
        readings.instance_created_at AS created_at,
        readings.instance_modified_at AS modified_at
    FROM closing_polls AS polls
    INNER JOIN metering.readings
        ON readings.environment_key = polls.environment_key AND readings.observed_at = polls.observed_at
    -- Said again in constants, so that only the window's partitions are opened.
    WHERE NOT polls.is_edge AND readings.observed_at > :window_start AND readings.observed_at < :window_end
    UNION ALL
    SELECT
        readings.instance_key,
        polls.environment_key,
        polls.poll_number,
        polls.metered_from,
        polls.previous_at,
        polls.observed_at,
        polls.is_first,
        polls.is_long,
        readings.is_rejected,
        CASE WHEN readings.state = ANY(:billable_states) THEN readings.aku ELSE 0 END AS aku,
        readings.instance_created_at AS created_at,
        readings.instance_modified_at AS modified_at
    FROM closing_polls AS polls
    -- OFFSET 0 keeps this a look at one key of one partition for each edge.
    CROSS JOIN LATERAL (
        SELECT * FROM metering.readings AS stored
        WHERE stored.environment_key = polls.environment_key AND stored.observed_at = polls.observed_at
        OFFSET 0
    ) AS readings
    WHERE polls.is_edge AND NOT polls.is_tail
),

chained AS (
    SELECT
        *,
        -- Absent from the poll before means that whatever was said earlier has ended.
        lag(poll_number) OVER life = poll_number - 1 AS was_listed,
        lag(aku) OVER life AS earlier_aku
    FROM sightings
    WINDOW life AS (PARTITION BY instance_key ORDER BY poll_number)
),

ruled AS (
    SELECT
        instance_key,
        environment_key,
        poll_number,
        metered_from,
        previous_at AS from_at,
        observed_at AS to_at,
        is_long,
        CASE WHEN was_listed THEN earlier_aku ELSE 0 END AS earlier_aku,
        aku,
        created_at,
        modified_at,
        CASE
            WHEN is_rejected THEN 'rejected'
            WHEN was_listed AND earlier_aku = aku AND modified_at <= previous_at THEN 'steady'
            WHEN was_listed AND earlier_aku = aku THEN 'touched'
            WHEN was_listed AND modified_at > previous_at AND modified_at <= observed_at THEN 'changed'
            WHEN was_listed THEN 'inconsistent'
            WHEN is_first THEN 'first'
            ELSE 'appeared'
        END AS rule
    FROM chained
    -- The poll before the window is nobody's interval.
    WHERE previous_at IS NOT NULL
    UNION ALL
    -- What the last answer said is carried on through hours that are closed without a further one.
    SELECT
        sightings.instance_key,
        tails.environment_key,
        tails.poll_number,
        tails.metered_from,
        tails.previous_at AS from_at,
        tails.observed_at AS to_at,
        TRUE AS is_long,
        sightings.aku AS earlier_aku,
        sightings.aku,
        sightings.created_at,
        sightings.modified_at,
        'carried' AS rule
    FROM closing_polls AS tails
    INNER JOIN sightings
        ON sightings.environment_key = tails.environment_key AND sightings.poll_number = tails.poll_number - 1
    WHERE tails.is_tail AND sightings.aku > 0
),

judged AS MATERIALIZED (
    SELECT
        instance_key,
        environment_key,
        poll_number,
        to_at,
        rule,
        CASE
            WHEN rule = 'changed' THEN modified_at
            WHEN rule = 'appeared' THEN greatest(created_at, modified_at, from_at)
            WHEN rule = 'first' THEN greatest(created_at, modified_at, metered_from)
            ELSE to_at
        END AS split_at,
        CASE
            WHEN rule IN ('appeared', 'first') THEN 0
            WHEN rule = 'inconsistent' OR rule = 'changed' AND is_long THEN least(earlier_aku, aku)
            ELSE earlier_aku
        END AS aku_before,
        aku AS aku_after,
        rule = 'steady' AND is_long AS is_proved_before,
        rule = 'first' OR rule = 'changed' AND is_long AS is_proved_after,
        rule IN ('inconsistent', 'carried', 'rejected') OR rule IN ('touched', 'changed') AND is_long AS is_assumed_before,
        CASE
            WHEN rule = 'first' AND created_at < modified_at THEN greatest(created_at, metered_from)
            WHEN rule IN ('inconsistent', 'carried', 'rejected') OR rule IN ('touched', 'changed') AND is_long
                THEN greatest(from_at, metered_from)
        END AS gap_start,
        CASE WHEN rule IN ('changed', 'first') THEN least(modified_at, to_at) ELSE to_at END AS gap_end
    FROM ruled
),

gaps AS (
    INSERT INTO closing_gaps (environment_key, instance_key, gap_start, gap_end, cause, observed_at)
    SELECT
        environment_key,
        instance_key,
        gap_start,
        gap_end,
        CASE rule
            WHEN 'inconsistent' THEN 'inconsistent_times'
            WHEN 'carried' THEN 'no_answer_yet'
            WHEN 'rejected' THEN 'rejected_reading'
            WHEN 'first' THEN 'changed_before_first_poll'
            ELSE 'changed_in_silence'
        END AS cause,
        to_at AS observed_at
    FROM judged
    WHERE gap_start < gap_end
),

-- Intervals cut at hours, once for each environment rather than for each of its instances.
pieces AS (
    SELECT
        cut.environment_key,
        cut.poll_number,
        cut.hour_start,
        cut.from_at,
        cut.to_at,
        CAST(EXTRACT(EPOCH FROM cut.to_at - cut.from_at) AS integer) AS seconds
    FROM (
        SELECT
            polls.environment_key,
            polls.poll_number,
            hours.hour_start,
            greatest(polls.previous_at, polls.metered_from, hours.hour_start, :window_start) AS from_at,
            least(polls.observed_at, hours.hour_end, :window_end) AS to_at
        FROM closing_polls AS polls
        CROSS JOIN generate_series(
            date_trunc('hour', greatest(polls.previous_at, :window_start)),
            least(polls.observed_at, :window_end) - interval '1 second',
            interval '1 hour'
        ) AS spanned (hour_start)
        INNER JOIN closing_hours AS hours
            ON
                hours.environment_key = polls.environment_key
                AND hours.hour_start = spanned.hour_start
                AND hours.state <> 'open'
        WHERE polls.previous_at IS NOT NULL
    ) AS cut
    WHERE cut.from_at < cut.to_at
),

parts AS (
    SELECT
        judged.*,
        pieces.hour_start,
        pieces.from_at AS piece_from,
        pieces.to_at AS piece_to,
        pieces.seconds
    FROM judged
    INNER JOIN pieces
        ON pieces.environment_key = judged.environment_key AND pieces.poll_number = judged.poll_number
),

measured AS (
    SELECT
        *,
        CASE
            WHEN split_at >= piece_to THEN seconds
            WHEN split_at <= piece_from THEN 0
            ELSE CAST(EXTRACT(EPOCH FROM split_at - piece_from) AS integer)
        END AS seconds_before,
        CASE
            WHEN gap_start < piece_to AND gap_end > piece_from
                THEN CAST(EXTRACT(EPOCH FROM least(gap_end, piece_to) - greatest(gap_start, piece_from)) AS integer)
            ELSE 0
        END AS gap_seconds
    FROM parts
),

summed AS (
    SELECT
        hour_start,
        instance_key,
        environment_key,
        sum(
            CAST(aku_before AS bigint) * seconds_before + CAST(aku_after AS bigint) * (seconds - seconds_before)
        ) AS aku_seconds,
        coalesce(sum(CAST(aku_before AS bigint) * seconds_before) FILTER (WHERE is_proved_before), 0)
        + coalesce(sum(CAST(aku_after AS bigint) * (seconds - seconds_before)) FILTER (WHERE is_proved_after), 0)
            AS proved_aku_seconds,
        coalesce(sum(CAST(aku_before AS bigint) * seconds_before) FILTER (WHERE is_assumed_before), 0)
            AS assumed_aku_seconds,
        sum(gap_seconds) AS gap_seconds
    FROM measured
    GROUP BY hour_start, instance_key, environment_key
)

INSERT INTO closing_usage (
    hour_start, instance_key, environment_key, aku_seconds, proved_aku_seconds, assumed_aku_seconds, gap_seconds
)
SELECT
    hour_start,
    instance_key,
    environment_key,
    aku_seconds,
    proved_aku_seconds,
    assumed_aku_seconds,
    gap_seconds
FROM summed
WHERE aku_seconds > 0 OR gap_seconds > 0
