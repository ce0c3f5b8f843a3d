-- A reading whose size changed while its own time of change says otherwise is a rejection too: its console's clock, or
-- the console itself, is wrong.
INSERT INTO metering.rejections (source, natural_key, rule, sentence, payload, environment_key, rejected_at)
SELECT
    'reading' AS source,
    concat_ws(
        '/', 'reading', gaps.environment_key, instances.instance_id,
        to_char(gaps.observed_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'inconsistent_times'
    ) AS natural_key,
    'inconsistent_times' AS rule,
    format(
        'Instance %s has another size than at the poll before, but gmtModified %s does not lie between the two polls. '
        || 'The smaller size is used as an estimate. Check the clock of the console.',
        instances.instance_id,
        to_char(readings.instance_modified_at, 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
    ) AS sentence,
    to_jsonb(readings) AS payload,
    gaps.environment_key,
    gaps.observed_at AS rejected_at
FROM closing_gaps AS gaps
INNER JOIN core.instances ON gaps.instance_key = instances.instance_key
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
