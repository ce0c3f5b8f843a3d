-- Usage of the window by instance and hour. Nothing is used, and nothing is missing, before metering starts and after
-- the subscription has ended.
WITH measured AS (
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
    FROM closing_intervals AS judged
    INNER JOIN closing_pieces AS pieces
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
        sum(gap_seconds) AS gap_seconds,
        greatest(
            max(aku_before) FILTER (WHERE seconds_before > 0),
            max(aku_after) FILTER (WHERE seconds_before < seconds),
            0
        ) AS peak_aku,
        sum(
            CASE WHEN aku_before > 0 THEN seconds_before ELSE 0 END
            + CASE WHEN aku_after > 0 THEN seconds - seconds_before ELSE 0 END
        ) AS used_seconds
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
        0 AS gap_seconds,
        known.aku AS peak_aku,
        hours.seconds AS used_seconds
    FROM closing_instances AS known
    INNER JOIN (
        SELECT
            environment_key,
            hour_start,
            sum(seconds) AS seconds,
            coalesce(sum(seconds) FILTER (WHERE is_long), 0) AS inferred_seconds
        FROM closing_pieces
        GROUP BY environment_key, hour_start
    ) AS hours ON known.environment_key = hours.environment_key
    WHERE known.is_quiet
)

INSERT INTO closing_usage (
    hour_start, instance_key, environment_key, aku_seconds, inferred_aku_seconds, estimated_aku_seconds, gap_seconds,
    peak_aku, used_seconds
)
SELECT
    hour_start,
    instance_key,
    environment_key,
    aku_seconds,
    inferred_aku_seconds,
    estimated_aku_seconds,
    gap_seconds,
    peak_aku,
    used_seconds
FROM summed
WHERE aku_seconds > 0 OR gap_seconds > 0
