-- Keeps how usage that stood already was changed; the first closing of an hour is no change. A run that closes an hour
-- twice makes one change of it.
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
    hour_start,
    instance_key,
    :at AS revised_at,
    environment_key,
    kept_aku_seconds AS old_aku_seconds,
    aku_seconds AS new_aku_seconds,
    kept_estimated_aku_seconds AS old_estimated_aku_seconds,
    estimated_aku_seconds AS new_estimated_aku_seconds,
    cause
FROM closing_differences
WHERE bill_key IS NULL AND (is_kept OR was_closed)
ORDER BY hour_start, instance_key
ON CONFLICT (hour_start, instance_key, revised_at) DO UPDATE SET
    new_aku_seconds = excluded.new_aku_seconds,
    new_estimated_aku_seconds = excluded.new_estimated_aku_seconds,
    cause = excluded.cause
