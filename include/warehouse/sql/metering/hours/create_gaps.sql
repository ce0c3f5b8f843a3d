-- Gaps that touch the window, whole, not cut at its ends: so every closing that meets one finds the same.
CREATE TEMPORARY TABLE closing_gaps (
    environment_key bigint NOT NULL,
    instance_key bigint,
    gap_start timestamptz NOT NULL,
    gap_end timestamptz NOT NULL,
    cause text NOT NULL,
    observed_at timestamptz
) ON COMMIT DROP
