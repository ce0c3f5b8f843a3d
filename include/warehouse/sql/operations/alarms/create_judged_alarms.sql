-- What was looked at, and what was seen: one row for each environment and kind that could be evaluated.
CREATE TEMPORARY TABLE evaluated_alarms (
    environment_key bigint NOT NULL,
    kind text NOT NULL,
    is_raised boolean NOT NULL,
    since timestamptz NOT NULL,
    facts jsonb NOT NULL
) ON COMMIT DROP
