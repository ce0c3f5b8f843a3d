-- Polls of one batch, as they came.
CREATE TEMPORARY TABLE staged_polls (
    environment_key bigint NOT NULL,
    observed_at timestamptz NOT NULL,
    cause text,
    error text,
    instance_count integer,
    clock_skew_ms integer,
    duration_ms integer,
    payload bytea
) ON COMMIT DROP
