-- Replaces what an earlier import said of an hour; never what readings said.
UPDATE metering.usage
SET
    aku_seconds = judged.aku_seconds,
    peak_aku = judged.peak_aku,
    used_seconds = judged.used_seconds,
    import_key = CAST(:import_key AS bigint),
    revision = usage.revision + 1
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
WHERE
    judged.rule IS NULL
    AND NOT judged.is_billed
    AND NOT judged.is_estimate
    AND NOT judged.is_known
    AND usage.hour_start = judged.hour_start
    AND usage.instance_key = who.instance_key
    AND usage.source = 'import'
