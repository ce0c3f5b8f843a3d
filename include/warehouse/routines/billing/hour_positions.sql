-- Where the usage of each hour lies among all of its subscription: what licences cover of it, the rest, and from which
-- to which cumulative quantity the rest reaches, after what the version includes. For subscriptions whose hours have to
-- be taken one by one (in_full: for all). Without a version where nothing is left, or the hour has
-- no price of its own.
CREATE FUNCTION billing.hour_positions(
    starts timestamptz, ends timestamptz, has_other_hours boolean, in_full boolean, subscriptions bigint[]
)
RETURNS TABLE (
    subscription_key bigint,
    hour_start timestamptz,
    segment_no integer,
    covered_aku_seconds bigint,
    rest_aku_seconds bigint,
    rest_segment_no integer,
    covered_metered_aku_seconds bigint,
    rest_metered_aku_seconds bigint,
    version_key bigint,
    cumulative_start bigint,
    cumulative_end bigint,
    final_quantity bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    -- LEFT JOIN, so that PostgreSQL expects as many rows as there are segments.
    WITH segments AS (
        SELECT
            p.subscription_key,
            p.segment_no,
            p.version_key,
            coalesce(v.included_aku_seconds, 0) AS included_aku_seconds,
            coalesce(v.is_hourly OR hour_positions.in_full, FALSE) AS is_hourly,
            coalesce(v.is_priced_hourly OR hour_positions.in_full, FALSE) AS needs_count,
            coalesce(v.model = 'volume', FALSE) AS needs_total
        FROM billing.rating_segments AS p
        LEFT JOIN billing.version_tiers AS v ON p.version_key = v.version_key AND v.tier = 1
        WHERE hour_positions.in_full OR p.is_priced_hourly
    ),

    placed AS MATERIALIZED (
        SELECT *
        FROM billing.placed_hours(
            hour_positions.starts,
            hour_positions.ends,
            hour_positions.has_other_hours,
            hour_positions.in_full,
            hour_positions.subscriptions
        )
    ),

    counted AS (
        SELECT
            p.*,
            CAST(
                sum(p.rest_aku_seconds) OVER (PARTITION BY p.subscription_key ORDER BY p.hour_start) AS bigint
            ) AS cumulative_end
        FROM placed AS p
        WHERE p.subscription_key IN (SELECT s.subscription_key FROM segments AS s WHERE s.needs_count)
    ),

    totals AS (
        SELECT
            p.subscription_key,
            CAST(sum(p.rest_aku_seconds) AS bigint) AS cumulative_total
        FROM placed AS p
        WHERE p.subscription_key IN (SELECT s.subscription_key FROM segments AS s WHERE s.needs_total)
        GROUP BY p.subscription_key
    )

    SELECT
        c.subscription_key,
        c.hour_start,
        c.segment_no,
        c.covered_aku_seconds,
        c.rest_aku_seconds,
        c.rest_segment_no,
        c.covered_metered_aku_seconds,
        c.rest_metered_aku_seconds,
        s.version_key,
        CASE
            WHEN s.needs_count THEN greatest(c.cumulative_end - c.rest_aku_seconds - s.included_aku_seconds, 0) ELSE 0
        END AS cumulative_start,
        CASE
            WHEN s.needs_count THEN greatest(c.cumulative_end - s.included_aku_seconds, 0) ELSE c.rest_aku_seconds
        END AS cumulative_end,
        CASE
            WHEN s.needs_count THEN greatest(t.cumulative_total - s.included_aku_seconds, 0) ELSE c.rest_aku_seconds
        END AS final_quantity
    FROM counted AS c
    LEFT JOIN segments AS s
        ON
            c.subscription_key = s.subscription_key
            AND c.rest_segment_no = s.segment_no
            AND (s.needs_count OR s.is_hourly)
            AND c.rest_aku_seconds > 0
    LEFT JOIN totals AS t ON c.subscription_key = t.subscription_key
    UNION ALL
    -- Every hour starts from zero where only licences are what hours are taken apart for.
    SELECT
        p.*,
        s.version_key,
        0 AS cumulative_start,
        p.rest_aku_seconds AS cumulative_end,
        p.rest_aku_seconds AS final_quantity
    FROM placed AS p
    LEFT JOIN segments AS s
        ON
            p.subscription_key = s.subscription_key
            AND p.rest_segment_no = s.segment_no
            AND s.is_hourly
            AND p.rest_aku_seconds > 0
    WHERE p.subscription_key NOT IN (SELECT s.subscription_key FROM segments AS s WHERE s.needs_count)
$$;
COMMENT ON FUNCTION billing.hour_positions IS
'Hours of [starts, ends) of billing.rating_segments: covered by licences, the rest, and its cumulative quantities.';
