-- Keeps how usage of earlier imports was changed; new hours are no change.
INSERT INTO metering.usage_revisions AS kept (
    hour_start,
    instance_key,
    revised_at,
    environment_key,
    old_aku_seconds,
    new_aku_seconds,
    old_estimated_aku_seconds,
    new_estimated_aku_seconds,
    cause
)
SELECT
    judged.hour_start,
    who.instance_key,
    :rejected_at AS revised_at,
    who.environment_key,
    judged.known_aku_seconds AS old_aku_seconds,
    judged.aku_seconds AS new_aku_seconds,
    0 AS old_estimated_aku_seconds,
    0 AS new_estimated_aku_seconds,
    'corrected' AS cause
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
WHERE
    judged.rule IS NULL
    AND NOT judged.is_billed
    AND NOT judged.is_estimate
    AND NOT judged.is_known
ORDER BY judged.hour_start, who.instance_key
ON CONFLICT (hour_start, instance_key, revised_at) DO UPDATE SET new_aku_seconds = excluded.new_aku_seconds
