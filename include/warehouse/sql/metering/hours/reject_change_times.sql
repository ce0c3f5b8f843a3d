-- A reading whose size changed while its own time of change says otherwise is a rejection too: its console's clock, or
-- the console itself, is wrong.
INSERT INTO metering.rejections (source, natural_key, rule, facts, payload, environment_key, rejected_at)
SELECT
    'reading' AS source,
    concat_ws(
        '/', 'reading', gaps.environment_key, instances.instance_id,
        to_char(gaps.observed_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'inconsistent_times'
    ) AS natural_key,
    'inconsistent_times' AS rule,
    jsonb_build_object('instance', instances.instance_id, 'modified_at', readings.instance_modified_at) AS facts,
    to_jsonb(readings) AS payload,
    gaps.environment_key,
    gaps.observed_at AS rejected_at
FROM closing_gaps AS gaps
INNER JOIN metering.instances ON gaps.instance_key = instances.instance_key
CROSS JOIN
    LATERAL (
        SELECT * FROM metering.readings AS kept
        WHERE
            kept.observed_at = gaps.observed_at
            AND kept.environment_key = gaps.environment_key
            AND kept.instance_key = gaps.instance_key
        OFFSET 0
    ) AS readings
WHERE gaps.cause = 'inconsistent_times'
ON CONFLICT (natural_key) DO NOTHING
