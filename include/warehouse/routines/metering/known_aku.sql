-- The size that an instance was last known to have before a reading of it that was rejected: by the newest answer
-- before it that lists the instance with an accepted reading, and 0 where an answer in between does not list it. What
-- was stored with the rejected reading depends on the order in which polls arrived, so it is not asked. Two days back
-- is enough: an instance that is rejected for longer is under a gap all the while.
CREATE FUNCTION metering.known_aku(
    environment bigint, instance bigint, rejected_at timestamptz, billable_states text[]
)
RETURNS integer LANGUAGE sql STABLE SET search_path = pg_catalog AS $$
    SELECT CASE WHEN seen.state = any(known_aku.billable_states) THEN seen.aku ELSE 0 END
    FROM metering.polls AS p
    LEFT JOIN LATERAL (
        SELECT r.* FROM metering.readings AS r
        WHERE
            r.observed_at = p.observed_at
            AND r.environment_key = known_aku.environment
            AND r.instance_key = known_aku.instance
        OFFSET 0
    ) AS seen ON TRUE
    WHERE
        p.environment_key = known_aku.environment
        AND p.ok
        AND p.observed_at < known_aku.rejected_at
        AND p.observed_at >= known_aku.rejected_at - interval '2 days'
        AND seen.is_rejected IS NOT TRUE
    ORDER BY p.observed_at DESC
    LIMIT 1;
$$;
COMMENT ON FUNCTION metering.known_aku IS
'AKU billed for an instance by the last answer before a rejected reading of it; null where no answer is that near.';
