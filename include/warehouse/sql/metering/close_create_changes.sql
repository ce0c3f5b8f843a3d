-- Environment-hours whose usage this closing changed.
CREATE TEMPORARY TABLE closing_changes (
    environment_key bigint NOT NULL,
    hour_start timestamptz NOT NULL
) ON COMMIT DROP
