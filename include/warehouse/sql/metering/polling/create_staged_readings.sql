-- What the polls of one batch said of instances; state and the rest are null where it was rejected.
CREATE TEMPORARY TABLE staged_readings (
    environment_key bigint NOT NULL,
    observed_at timestamptz NOT NULL,
    instance_id text NOT NULL,
    name text,
    state text,
    aku integer,
    instance_created_at timestamptz,
    instance_modified_at timestamptz
) ON COMMIT DROP
