-- Takes the hours of those subscriptions one after the other that need it, because a licence covers part of an hour or
-- because an hour's price depends on the hours before it, into rated_counts of this transaction: for each part a row
-- without tier with its AKU-seconds covered by licences and the rest, and for each tier of a plan that charges by the
-- hour the sum of the hours' rounded amounts.
CREATE TEMPORARY TABLE rated_counts ON COMMIT DROP AS
WITH known_hours AS (
    SELECT
        subscription_key,
        hour_start,
        aku_seconds,
        FALSE AS is_other
    FROM metering.subscription_hours
    UNION ALL
    SELECT
        subscription_key,
        hour_start,
        aku_seconds,
        TRUE AS is_other
    FROM billing.rating_hours
),

-- Without other hours PostgreSQL plans as if there was nothing of them here, as long as no branch above has conditions.
hours AS (
    SELECT *
    FROM known_hours
    WHERE
        hour_start >= :period_start
        AND hour_start < :period_end
        AND (
            (is_other AND CAST(:has_other_hours AS boolean))
            OR (
                NOT is_other
                AND NOT (
                    CAST(:has_other_hours AS boolean)
                    AND EXISTS (
                        SELECT FROM billing.rating_hours AS other
                        WHERE
                            other.subscription_key = known_hours.subscription_key
                            AND other.hour_start = known_hours.hour_start
                    )
                )
            )
        )
),

parts AS (
    SELECT
        p.*,
        coalesce(v.included_aku_seconds, 0) AS included_aku_seconds,
        coalesce(v.is_hourly, FALSE) AS is_hourly
    FROM billing.rating_parts AS p
    LEFT JOIN rated_tiers AS v ON p.version_key = v.version_key AND v.tier = 1
    WHERE p.counts_hours
),

terms AS (
    SELECT
        l.subscription_key,
        l.term_start,
        l.term_end,
        l.capacity_aku,
        NOT EXISTS (
            SELECT FROM core.licences AS successor
            WHERE
                successor.subscription_key = l.subscription_key
                AND successor.term_start <= l.term_end
                AND successor.term_end > l.term_end
        ) AS is_last
    FROM core.licences AS l
    WHERE
        l.subscription_key IN (SELECT subscription_key FROM parts)
        AND l.term_start < :period_end
        AND l.term_end > :period_start
),

-- What licences cover of each hour, and when in it the last of them ended.
covers AS (
    SELECT
        t.subscription_key,
        hour_start,
        sum(
            t.capacity_aku * (
                CAST(floor(extract(EPOCH FROM least(t.term_end, hour_start + interval '1 hour'))) AS bigint)
                - CAST(floor(extract(EPOCH FROM greatest(t.term_start, hour_start))) AS bigint)
            )
        ) AS aku_seconds,
        max(t.term_end) FILTER (WHERE t.is_last AND t.term_end < hour_start + interval '1 hour') AS ended_at
    FROM terms AS t
    CROSS JOIN
        LATERAL generate_series(
            date_trunc('hour', greatest(t.term_start, :period_start), 'UTC'),
            least(t.term_end, :period_end) - interval '1 microsecond',
            interval '1 hour'
        ) AS hour_start
    GROUP BY t.subscription_key, hour_start
),

covered AS (
    SELECT
        h.subscription_key,
        h.hour_start,
        h.aku_seconds,
        CAST(least(h.aku_seconds, coalesce(c.aku_seconds, 0)) AS bigint) AS covered_aku_seconds,
        p.part_no,
        -- What a licence that ended within the hour leaves over is priced as from that end.
        c.ended_at
    FROM hours AS h
    INNER JOIN parts AS p
        ON
            h.subscription_key = p.subscription_key
            AND (p.is_whole OR (h.hour_start >= p.part_start AND h.hour_start < p.part_end))
    LEFT JOIN covers AS c ON h.subscription_key = c.subscription_key AND h.hour_start = c.hour_start
),

placed AS MATERIALIZED (
    SELECT
        c.subscription_key,
        c.hour_start,
        c.part_no,
        c.covered_aku_seconds,
        c.aku_seconds - c.covered_aku_seconds AS rest_aku_seconds,
        coalesce(later.part_no, c.part_no) AS rest_part_no
    FROM covered AS c
    LEFT JOIN parts AS later
        ON
            c.subscription_key = later.subscription_key
            AND c.ended_at >= later.part_start
            AND (c.ended_at < later.part_end OR later.part_end = :period_end)
),

counted AS (
    SELECT
        *,
        CAST(sum(rest_aku_seconds) OVER (PARTITION BY subscription_key ORDER BY hour_start) AS bigint) AS count_end
    FROM placed
),

totals AS (
    SELECT
        subscription_key,
        sum(rest_aku_seconds) AS count_total
    FROM placed
    GROUP BY subscription_key
),

positions AS (
    SELECT
        c.subscription_key,
        c.rest_part_no,
        p.version_key,
        greatest(c.count_end - c.rest_aku_seconds - p.included_aku_seconds, 0) AS position_start,
        greatest(c.count_end - p.included_aku_seconds, 0) AS position_end,
        greatest(t.count_total - p.included_aku_seconds, 0) AS final_position
    FROM counted AS c
    INNER JOIN totals AS t ON c.subscription_key = t.subscription_key
    INNER JOIN parts AS p ON c.subscription_key = p.subscription_key AND c.rest_part_no = p.part_no
    WHERE
        p.is_hourly
        AND c.rest_aku_seconds > 0
),

charged AS (
    SELECT
        p.subscription_key,
        p.rest_part_no,
        t.*,
        CASE t.model
            WHEN 'volume' THEN p.position_end - p.position_start
            WHEN 'package'
                THEN
                    (p.position_end + t.package_aku_seconds - 1) / t.package_aku_seconds
                    - (p.position_start + t.package_aku_seconds - 1) / t.package_aku_seconds
            ELSE least(p.position_end, t.up_to_aku_seconds) - greatest(p.position_start, t.from_aku_seconds)
        END AS units
    FROM positions AS p
    INNER JOIN rated_tiers AS t
        ON
            p.version_key = t.version_key
            AND (
                (
                    t.model <> 'volume'
                    AND p.position_end > t.from_aku_seconds
                    AND p.position_start < t.up_to_aku_seconds
                )
                OR (
                    t.model = 'volume'
                    AND p.final_position > t.from_aku_seconds
                    AND p.final_position <= t.up_to_aku_seconds
                )
            )
)

SELECT
    subscription_key,
    part_no,
    CAST(NULL AS integer) AS tier,
    sum(covered_aku_seconds) AS covered_aku_seconds,
    CAST(0 AS numeric) AS rest_aku_seconds,
    CAST(0 AS numeric) AS hourly_amount,
    FALSE AS is_too_large
FROM placed
GROUP BY subscription_key, part_no
UNION ALL
SELECT
    subscription_key,
    rest_part_no,
    NULL AS tier,
    0 AS covered_aku_seconds,
    sum(rest_aku_seconds) AS rest_aku_seconds,
    0 AS hourly_amount,
    FALSE AS is_too_large
FROM placed
GROUP BY subscription_key, rest_part_no
UNION ALL
SELECT
    subscription_key,
    rest_part_no,
    tier,
    0 AS covered_aku_seconds,
    0 AS rest_aku_seconds,
    sum(
        CASE
            WHEN units > most_units THEN 0
            WHEN is_half_even AND (units * scaled_price + addend) % divisor = 0
                THEN (units * scaled_price + addend) / divisor / 2 * 2
            ELSE (units * scaled_price + addend) / divisor
        END
    ) AS hourly_amount,
    bool_or(units > most_units) AS is_too_large
FROM charged
GROUP BY subscription_key, rest_part_no, tier
