-- Who the staged rows speak of: few rows, however long the file, so that a staged row carries a number and not names.
CREATE TEMPORARY TABLE staged_instances (
    pair integer PRIMARY KEY,
    subscription_id text NOT NULL,
    instance_id text NOT NULL,
    subscription_key bigint,
    environment_key bigint,
    instance_key bigint,
    rule text,
    started_at timestamptz,
    ended_at timestamptz,
    metered_from timestamptz,
    issued tstzmultirange,
    rejected integer,
    billed integer,
    metered integer,
    estimated integer,
    unchanged integer,
    inserted integer,
    replaced integer,
    first_hour timestamptz,
    last_hour timestamptz
) ON COMMIT DROP
