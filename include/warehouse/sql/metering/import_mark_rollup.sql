-- Names the sums that this import changed.
INSERT INTO changed_hours (subscription_key, hour_start)
SELECT DISTINCT
    who.subscription_key,
    judged.hour_start
FROM judged_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
WHERE judged.rule IS NULL AND judged.aku_seconds IS DISTINCT FROM judged.known_aku_seconds
