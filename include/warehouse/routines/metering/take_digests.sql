-- Looks at the hours of [starts, ends) that have no digest, of these subscriptions or (NULL) all, and gives those a
-- digest whose sums are those of their usage. The caller keeps usage from being written meanwhile. Returns how many.
CREATE FUNCTION metering.take_digests(starts timestamptz, ends timestamptz, subscriptions bigint[]) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog AS $$
    WITH taken AS (
        UPDATE metering.subscription_hours AS hours
        SET usage_digest = found.usage_digest
        FROM metering.hours_without_digest(take_digests.starts, take_digests.ends, take_digests.subscriptions) AS found
        WHERE
            found.is_equal
            AND hours.subscription_key = found.subscription_key
            AND hours.hour_start = found.hour_start
            AND hours.hour_start >= take_digests.starts
            AND hours.hour_start < take_digests.ends
        RETURNING hours.hour_start
    )

    SELECT count(*) FROM taken;
$$;
COMMENT ON FUNCTION metering.take_digests IS
'Gives hours a digest whose sums are those of their usage, and have none yet; how many.';
