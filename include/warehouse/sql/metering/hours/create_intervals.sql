-- What each interval between two answered polls comes to, of the instances that are not quiet. The rules are in
-- routines/metering: judged_interval asks which one an interval falls under, and what it comes to by it.
CREATE TEMPORARY TABLE closing_intervals ON COMMIT DROP AS
-- Materialized, which keeps the quiet ones out of all that follows; where all are quiet, nothing is read again.
WITH changing AS MATERIALIZED (
    SELECT *
    FROM closing_sightings
    WHERE instance_key IN (SELECT known.instance_key FROM closing_instances AS known WHERE NOT known.is_quiet)
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
)

SELECT
    chained.instance_key,
    chained.environment_key,
    chained.observed_at AS to_at,
    judged.split_at,
    judged.aku_before,
    judged.known_before,
    judged.aku_after,
    judged.known_after,
    judged.gap_start,
    judged.gap_end,
    judged.gap_cause
FROM chained
CROSS JOIN
    LATERAL metering.judged_interval(
        chained.was_listed,
        chained.was_rejected,
        chained.earlier_aku,
        chained.is_first,
        chained.is_long,
        chained.is_rejected,
        chained.aku,
        chained.created_at,
        chained.modified_at,
        chained.previous_at,
        chained.observed_at,
        chained.metered_from,
        chained.ended_at
    ) AS judged
-- The poll before the window starts no interval in it.
WHERE chained.previous_at IS NOT NULL
UNION ALL
-- What the last answer said is carried on through hours that are closed without a further one; within the tolerance it
-- simply holds until the end.
SELECT
    sightings.instance_key,
    tails.environment_key,
    tails.observed_at AS to_at,
    judged.split_at,
    judged.aku_before,
    judged.known_before,
    judged.aku_after,
    judged.known_after,
    judged.gap_start,
    judged.gap_end,
    judged.gap_cause
FROM closing_polls AS tails
INNER JOIN closing_sightings AS sightings
    ON tails.environment_key = sightings.environment_key AND tails.previous_at = sightings.observed_at
CROSS JOIN
    LATERAL metering.judged_tail(
        tails.is_long,
        sightings.is_rejected,
        sightings.aku,
        sightings.created_at,
        sightings.modified_at,
        tails.previous_at,
        tails.observed_at,
        tails.metered_from,
        tails.ended_at
    ) AS judged
WHERE tails.is_trailing AND sightings.aku > 0
