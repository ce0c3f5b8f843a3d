-- What the file says of hours on issued bills. Where readings found late usage, it stays: such rows were judged as
-- measured.
INSERT INTO found_late_usage (
    bill_key, subscription_key, environment_key, instance_key, hour_start, kept_aku_seconds, aku_seconds,
    kept_peak_aku, peak_aku, kept_used_seconds, used_seconds, cause
)
SELECT
    bills.bill_key,
    who.subscription_key,
    who.environment_key,
    instances.instance_key,
    judged.hour_start,
    coalesce(judged.known_aku_seconds, 0) AS kept_aku_seconds,
    judged.aku_seconds,
    judged.known_peak_aku AS kept_peak_aku,
    judged.peak_aku,
    judged.known_used_seconds AS kept_used_seconds,
    judged.used_seconds,
    'imported' AS cause
FROM classified_rows AS judged
INNER JOIN staged_instances AS who ON judged.pair = who.pair
INNER JOIN metering.instances
    ON who.environment_key = instances.environment_key AND who.instance_id = instances.instance_id
INNER JOIN billing.issued_bills AS bills
    ON
        who.subscription_key = bills.subscription_key
        AND judged.hour_start >= bills.period_start
        AND judged.hour_start < bills.period_end
WHERE judged.rule IS NULL AND judged.is_billed
