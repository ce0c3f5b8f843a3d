-- The hours that rating counts, of these subscriptions: the metered ones, and where has_other_hours those of
-- billing.rating_hours in their place. Without other hours PostgreSQL plans as if there was nothing of them here, as
-- long as no branch of the union has conditions.
CREATE FUNCTION billing.hours_to_rate(
    starts timestamptz, ends timestamptz, has_other_hours boolean, subscriptions bigint[]
)
RETURNS TABLE (
    subscription_key bigint,
    hour_start timestamptz,
    aku_seconds bigint,
    peak_aku bigint,
    whole_hour_aku_seconds bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        h.subscription_key,
        h.hour_start,
        h.aku_seconds,
        h.peak_aku,
        h.whole_hour_aku_seconds
    FROM (
        SELECT
            metered.subscription_key,
            metered.hour_start,
            metered.aku_seconds,
            metered.peak_aku,
            metered.whole_hour_aku_seconds,
            FALSE AS is_other
        FROM metering.subscription_hours AS metered
        UNION ALL
        SELECT
            other.subscription_key,
            other.hour_start,
            other.aku_seconds,
            other.peak_aku,
            other.whole_hour_aku_seconds,
            TRUE AS is_other
        FROM billing.rating_hours AS other
    ) AS h
    WHERE
        h.subscription_key = any(hours_to_rate.subscriptions)
        AND h.hour_start >= hours_to_rate.starts
        AND h.hour_start < hours_to_rate.ends
        AND (
            (h.is_other AND hours_to_rate.has_other_hours)
            OR (
                NOT h.is_other
                AND NOT (
                    hours_to_rate.has_other_hours
                    AND EXISTS (
                        SELECT FROM billing.rating_hours AS other
                        WHERE other.subscription_key = h.subscription_key AND other.hour_start = h.hour_start
                    )
                )
            )
        )
$$;
COMMENT ON FUNCTION billing.hours_to_rate IS
'Hours of [starts, ends) of these subscriptions that rating counts: metered ones, and where has_other_hours those of '
'billing.rating_hours in their place.';
