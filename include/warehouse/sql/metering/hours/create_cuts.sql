-- Parts of found gaps in which nothing is missing after all.
CREATE TEMPORARY TABLE closing_cuts (
    environment_key bigint NOT NULL,
    instance_key bigint,
    gap_start timestamptz NOT NULL,
    spans tstzmultirange NOT NULL
) ON COMMIT DROP
