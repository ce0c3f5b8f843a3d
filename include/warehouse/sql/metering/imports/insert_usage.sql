-- Inserts the new hours. Without ON CONFLICT, which takes twice as long: the check has found what is stored
-- already, and if other work has added an hour since, the unique key stops the import and it is judged again. No ORDER
-- BY: the judged rows lie by hour and instance, which is the index's order and how it grows fastest.
INSERT INTO metering.usage (
    hour_start, instance_key, subscription_key, environment_key, aku_seconds, peak_aku, used_seconds, source, import_key
)
SELECT
    judged.hour_start,
    instances.instance_key,
    who.subscription_key,
    who.environment_key,
    judged.aku_seconds,
    judged.peak_aku,
    judged.used_seconds,
    'import' AS source,
    CAST(:import_key AS bigint) AS import_key
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
INNER JOIN metering.instances
    ON who.environment_key = instances.environment_key AND who.instance_id = instances.instance_id
WHERE judged.rule IS NULL AND NOT judged.is_billed AND judged.known_aku_seconds IS NULL
