-- What the instances of these subscriptions, or (NULL) of all, used in the hours of [starts, ends), added up: the sums
-- that metering.subscription_hours should have, with a digest of the usage behind them. The hashes are added, in no
-- order, because there may be millions of them.
CREATE FUNCTION metering.summed_usage(starts timestamptz, ends timestamptz, subscriptions bigint[])
RETURNS TABLE (
    subscription_key bigint,
    hour_start timestamptz,
    instance_count bigint,
    aku_seconds bigint,
    inferred_aku_seconds bigint,
    estimated_aku_seconds bigint,
    gap_seconds bigint,
    peak_aku bigint,
    whole_hour_aku_seconds bigint,
    usage_digest numeric
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        i.subscription_key,
        u.hour_start,
        count(*) AS instance_count,
        -- The table's checks keep a row within INTEGER, whose sum is BIGINT; the sum of BIGINT would be NUMERIC.
        sum(CAST(u.aku_seconds AS integer)) AS aku_seconds,
        sum(CAST(u.inferred_aku_seconds AS integer)) AS inferred_aku_seconds,
        sum(CAST(u.estimated_aku_seconds AS integer)) AS estimated_aku_seconds,
        sum(CAST(u.gap_seconds AS integer)) AS gap_seconds,
        sum(u.peak_aku) AS peak_aku,
        CAST(sum(billing.whole_hour_aku_seconds(u.aku_seconds, u.used_seconds)) AS bigint) AS whole_hour_aku_seconds,
        sum(
            metering.usage_hash(
                e.environment_id, i.instance_id, u.hour_start, u.aku_seconds, u.inferred_aku_seconds,
                u.estimated_aku_seconds, u.peak_aku, u.used_seconds, u.source
            )
        ) AS usage_digest
    FROM metering.instances AS i
    INNER JOIN core.environments AS e ON i.environment_key = e.environment_key
    INNER JOIN metering.usage AS u ON i.instance_key = u.instance_key
    WHERE
        u.hour_start >= summed_usage.starts
        AND u.hour_start < summed_usage.ends
        AND (summed_usage.subscriptions IS NULL OR i.subscription_key = any(summed_usage.subscriptions))
    GROUP BY i.subscription_key, u.hour_start
$$;
COMMENT ON FUNCTION metering.summed_usage IS
'Usage of instances in [starts, ends) added up by subscription and hour, with a digest of it.';
