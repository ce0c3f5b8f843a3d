-- Every answered poll with what it said, in order; a poll of an empty console is one row without an instance.
SELECT
    environments.environment_id,
    polls.observed_at,
    instances.instance_id,
    readings.state,
    readings.aku,
    readings.instance_created_at,
    readings.instance_modified_at
FROM metering.polls
INNER JOIN core.environments ON polls.environment_key = environments.environment_key
LEFT JOIN metering.readings
    ON polls.environment_key = readings.environment_key AND polls.observed_at = readings.observed_at
LEFT JOIN core.instances ON readings.instance_key = instances.instance_key
WHERE polls.ok
ORDER BY environments.environment_id, polls.observed_at
