-- What the window's answers say of each instance: the readings of the polls within it, and of those at its edges.
CREATE TEMPORARY TABLE closing_sightings ON COMMIT DROP AS
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
FROM (
    SELECT within.*
    FROM closing_polls AS polls
    INNER JOIN metering.readings AS within
        ON polls.environment_key = within.environment_key AND polls.observed_at = within.observed_at
    -- Said again in constants, so that only the window's partitions are opened.
    WHERE NOT polls.is_edge AND within.observed_at > :window_start AND within.observed_at < :window_end
    UNION ALL
    SELECT edges.*
    FROM closing_polls AS polls
    -- OFFSET 0 keeps this a look at one key of one partition for each edge.
    CROSS JOIN
        LATERAL (
            SELECT * FROM metering.readings AS kept
            WHERE kept.environment_key = polls.environment_key AND kept.observed_at = polls.observed_at
            OFFSET 0
        ) AS edges
    WHERE polls.is_edge AND NOT polls.is_trailing
) AS readings
