-- Usage by instance and hour, as this closing finds it.
CREATE TEMPORARY TABLE closing_usage (
    hour_start timestamptz NOT NULL,
    instance_key bigint NOT NULL,
    environment_key bigint NOT NULL,
    aku_seconds bigint NOT NULL,
    inferred_aku_seconds bigint NOT NULL,
    estimated_aku_seconds bigint NOT NULL,
    gap_seconds integer NOT NULL,
    peak_aku integer NOT NULL,
    used_seconds integer NOT NULL,
    source text NOT NULL DEFAULT 'readings',
    import_key bigint
) ON COMMIT DROP
