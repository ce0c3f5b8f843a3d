CREATE TEMPORARY TABLE quoted_rows (
    row_number bigint NOT NULL,
    subscription_id text NOT NULL,
    instance_id text NOT NULL,
    hour_start timestamptz NOT NULL,
    aku_seconds bigint NOT NULL,
    peak_aku integer NOT NULL,
    used_seconds integer NOT NULL
) ON COMMIT DROP
