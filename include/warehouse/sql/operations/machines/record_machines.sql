-- Enters the machines of a listing, as the newest one shows them.
INSERT INTO operations.machines AS kept (
    machine_id, account_id, region, image_id, instance_type,
    service_instance_tag, environment_tag, instance_tag, created_at, first_seen_at, last_seen_at
)
SELECT
    machine.machine_id,
    :account_id,
    :region,
    machine.image_id,
    machine.instance_type,
    machine.service_instance_tag,
    machine.environment_tag,
    machine.instance_tag,
    machine.created_at,
    CAST(:observed_at AS timestamptz) AS first_seen_at,
    CAST(:observed_at AS timestamptz) AS last_seen_at
FROM jsonb_populate_recordset(CAST(NULL AS operations.machines), CAST(:machines AS jsonb)) AS machine
ORDER BY machine.machine_id
ON CONFLICT (machine_id) DO UPDATE SET
    image_id = excluded.image_id,
    instance_type = excluded.instance_type,
    service_instance_tag = excluded.service_instance_tag,
    environment_tag = excluded.environment_tag,
    instance_tag = excluded.instance_tag,
    last_seen_at = excluded.last_seen_at
WHERE excluded.last_seen_at > kept.last_seen_at
