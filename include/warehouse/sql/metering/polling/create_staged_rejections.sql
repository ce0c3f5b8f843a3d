-- What was rejected of the polls of one batch.
CREATE TEMPORARY TABLE staged_rejections (
    environment_key bigint NOT NULL,
    observed_at timestamptz NOT NULL,
    instance_id text NOT NULL,
    rule text NOT NULL,
    facts jsonb NOT NULL,
    payload jsonb NOT NULL
) ON COMMIT DROP
