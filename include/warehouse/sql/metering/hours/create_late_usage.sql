-- Instance-hours on issued bills with the usage that was found of them now, beside what was kept when they were billed.
CREATE TEMPORARY TABLE found_late_usage (
    bill_key bigint NOT NULL,
    subscription_key bigint NOT NULL,
    environment_key bigint NOT NULL,
    instance_key bigint NOT NULL,
    hour_start timestamptz NOT NULL,
    kept_aku_seconds bigint NOT NULL,
    aku_seconds bigint NOT NULL,
    kept_peak_aku integer NOT NULL,
    peak_aku integer NOT NULL,
    kept_used_seconds integer NOT NULL,
    used_seconds integer NOT NULL,
    cause text NOT NULL
) ON COMMIT DROP
