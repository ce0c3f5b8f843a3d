-- The size that a reading counts with: that of a billable state. A rejected reading counts with what was last known.
CREATE FUNCTION metering.counted_aku(
    is_rejected boolean,
    environment bigint,
    instance bigint,
    observed_at timestamptz,
    state text,
    aku integer,
    billable_states text[]
) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT
        coalesce(
            CASE WHEN is_rejected THEN metering.known_aku(environment, instance, observed_at, billable_states) END,
            CASE WHEN state = any(billable_states) THEN aku ELSE 0 END
        )
$$;
COMMENT ON FUNCTION metering.counted_aku IS
'AKU that a reading counts with; the last known size where it was rejected.';
