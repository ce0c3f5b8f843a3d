-- Each hour taken apart as it is priced: what licences cover of it, the rest, and the part of the rest in each tier
-- with its charge. For subscriptions whose hours have to be taken one by one, because a licence covers part of an hour
-- or the price of an hour depends on the hours before it (in_full: for all, with every part).
--
-- An hour has a row without tier for what is covered, one for the rest, both with what was metered of them, and one for
-- each tier that it reaches. Rating adds them up, an explanation shows them.
CREATE FUNCTION billing.charged_hours(
    starts timestamptz, ends timestamptz, has_other_hours boolean, in_full boolean, subscriptions bigint[]
)
RETURNS TABLE (
    subscription_key bigint,
    hour_start timestamptz,
    segment_no integer,
    tier integer,
    covered_aku_seconds bigint,
    rest_aku_seconds bigint,
    metered_aku_seconds bigint,
    aku_seconds bigint,
    cumulative_start bigint,
    cumulative_end bigint,
    units bigint,
    charge bigint,
    is_too_large boolean
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    WITH hours AS MATERIALIZED (
        SELECT *
        FROM billing.hour_positions(
            charged_hours.starts,
            charged_hours.ends,
            charged_hours.has_other_hours,
            charged_hours.in_full,
            charged_hours.subscriptions
        )
    ),

    tiers AS MATERIALIZED (
        SELECT * FROM billing.version_tiers
    ),

    -- OFFSET 0 lets the usage in a tier be computed once.
    charged AS (
        SELECT
            p.subscription_key,
            p.hour_start,
            p.rest_segment_no,
            p.cumulative_start,
            p.cumulative_end,
            t.tier,
            t.scaled_price,
            t.divisor,
            t.addend,
            t.is_half_even,
            t.most_units,
            t.package_aku_seconds,
            billing.usage_in_tier(
                t.model, p.cumulative_start, p.cumulative_end, p.final_quantity, t.from_aku_seconds, t.up_to_aku_seconds
            ) AS aku_seconds
        FROM hours AS p
        INNER JOIN tiers AS t ON p.version_key = t.version_key
        OFFSET 0
    ),

    units AS (
        SELECT
            c.*,
            coalesce(
                billing.packages_between(c.cumulative_start, c.cumulative_end, c.package_aku_seconds), c.aku_seconds
            ) AS units
        FROM charged AS c
        WHERE c.aku_seconds > 0
    )

    SELECT
        p.subscription_key,
        p.hour_start,
        p.segment_no,
        CAST(NULL AS integer) AS tier,
        p.covered_aku_seconds,
        CAST(NULL AS bigint) AS rest_aku_seconds,
        p.covered_metered_aku_seconds AS metered_aku_seconds,
        CAST(NULL AS bigint) AS aku_seconds,
        CAST(NULL AS bigint) AS cumulative_start,
        CAST(NULL AS bigint) AS cumulative_end,
        CAST(NULL AS bigint) AS units,
        CAST(NULL AS bigint) AS charge,
        CAST(NULL AS boolean) AS is_too_large
    FROM hours AS p
    UNION ALL
    SELECT
        p.subscription_key,
        p.hour_start,
        p.rest_segment_no,
        NULL AS tier,
        NULL AS covered_aku_seconds,
        p.rest_aku_seconds,
        p.rest_metered_aku_seconds AS metered_aku_seconds,
        NULL AS aku_seconds,
        NULL AS cumulative_start,
        NULL AS cumulative_end,
        NULL AS units,
        NULL AS charge,
        NULL AS is_too_large
    FROM hours AS p
    UNION ALL
    SELECT
        c.subscription_key,
        c.hour_start,
        c.rest_segment_no,
        c.tier,
        NULL AS covered_aku_seconds,
        NULL AS rest_aku_seconds,
        NULL AS metered_aku_seconds,
        c.aku_seconds,
        c.cumulative_start,
        c.cumulative_end,
        c.units,
        billing.rounded_charge(c.units, c.scaled_price, c.divisor, c.addend, c.is_half_even, c.most_units) AS charge,
        c.units > c.most_units AS is_too_large
    FROM units AS c
$$;
COMMENT ON FUNCTION billing.charged_hours IS
'Hours of [starts, ends) of billing.rating_segments taken apart: covered by licences, the rest, and the rest by tier.';
