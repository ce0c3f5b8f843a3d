-- The instances that the polls around a moment listed, and whether they were billable in both.
CREATE TEMPORARY TABLE machine_listed_instances ON COMMIT DROP AS
SELECT
    moments.environment_key,
    moments.observed_at,
    instances.instance_id,
    bool_and(readings.state = any(:billable_states) AND NOT readings.is_rejected)
    AND count(*) = CASE WHEN moments.before_at = moments.after_at THEN 1 ELSE 2 END AS is_billable_throughout
FROM machine_moments AS moments
INNER JOIN metering.readings
    ON
        moments.environment_key = readings.environment_key
        AND readings.observed_at IN (moments.before_at, moments.after_at)
INNER JOIN metering.instances ON readings.instance_key = instances.instance_key
GROUP BY moments.environment_key, moments.observed_at, moments.before_at, moments.after_at, instances.instance_id
