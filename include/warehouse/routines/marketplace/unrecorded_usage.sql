-- Usage of a channel's products in [starts, ends) that no record of the channel has, by subscription and hour.
CREATE FUNCTION marketplace.unrecorded_usage(
    in_channel text, of_products text[], starts timestamptz, ends timestamptz
) RETURNS TABLE (subscription_key bigint, hour_start timestamptz, aku_seconds bigint)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        u.subscription_key,
        u.hour_start,
        u.aku_seconds
    FROM metering.subscription_hours AS u
    INNER JOIN core.subscriptions AS s ON u.subscription_key = s.subscription_key
    WHERE
        u.hour_start >= unrecorded_usage.starts
        AND u.hour_start < unrecorded_usage.ends
        AND u.aku_seconds > 0
        AND s.payment = 'payg'
        AND s.product = any(unrecorded_usage.of_products)
        AND NOT EXISTS (
            SELECT FROM marketplace.push_records AS r
            WHERE
                r.channel = unrecorded_usage.in_channel
                AND r.subscription_key = u.subscription_key
                AND r.hour_start = u.hour_start
                -- Said again, so that no other months of the ledger are read.
                AND r.hour_start >= unrecorded_usage.starts
                AND r.hour_start < unrecorded_usage.ends
        )
$$;
COMMENT ON FUNCTION marketplace.unrecorded_usage IS
'Usage of a channel''s products that no record of the channel has, by subscription and hour.';
