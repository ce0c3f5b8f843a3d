-- Usage that cannot be priced, the first of each subscription: no plan, no version in force, or an hour too large for
-- exact integer arithmetic. A subscription without usage needs a version in force at some time of the period.
WITH unpriced AS (
    SELECT
        *,
        bool_and(version_key IS NULL) OVER (PARTITION BY subscription_key) AS has_no_version
    FROM cumulative_quantities
)

SELECT DISTINCT ON (b.subscription_id)
    b.subscription_key,
    b.subscription_id,
    b.price_plan,
    b.plan_key IS NULL AS plan_is_missing,
    u.is_too_large,
    coalesce(
        (
            SELECT min(hours.hour_start)
            FROM (
                SELECT
                    h.subscription_key,
                    h.hour_start
                FROM metering.subscription_hours AS h
                UNION ALL
                SELECT
                    o.subscription_key,
                    o.hour_start
                FROM billing.rating_hours AS o
            ) AS hours
            WHERE
                hours.subscription_key = u.subscription_key
                AND hours.hour_start >= u.segment_start
                AND hours.hour_start < u.segment_end
        ),
        u.segment_start
    ) AS at
FROM unpriced AS u
INNER JOIN billable_subscriptions AS b ON u.subscription_key = b.subscription_key
WHERE u.is_too_large OR (u.version_key IS NULL AND u.is_used) OR u.has_no_version
ORDER BY b.subscription_id, u.segment_no
