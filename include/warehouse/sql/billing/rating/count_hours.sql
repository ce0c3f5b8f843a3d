-- Takes hours one after the other where that is needed: because a licence covers part of an hour, or because an hour's
-- price depends on the hours before it. Fills sequential_totals of this transaction: for each segment a row without
-- tier with its AKU-seconds covered by licences and the rest, and for each tier of a plan that charges by the hour the
-- sum of the hours' rounded amounts.
CREATE TEMPORARY TABLE sequential_totals ON COMMIT DROP AS
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

segments AS (
    SELECT
        p.*,
        coalesce(v.included_aku_seconds, 0) AS included_aku_seconds,
        coalesce(v.is_hourly, FALSE) AS is_hourly,
        coalesce(v.is_priced_hourly, FALSE) AS needs_count,
        coalesce(v.model = 'volume', FALSE) AS needs_total
    FROM billing.rating_segments AS p
    LEFT JOIN rated_tiers AS v ON p.version_key = v.version_key AND v.tier = 1
    WHERE p.is_priced_hourly
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
        l.subscription_key IN (SELECT subscription_key FROM segments)
        AND l.term_start < :period_end
        AND l.term_end > :period_start
),

-- Hours between which the licences are the same: the hours in which terms start or end stand alone.
edges AS (
    SELECT
        subscription_key,
        date_trunc('hour', term_start, 'UTC') AS edge
    FROM terms
    UNION
    SELECT
        subscription_key,
        date_trunc('hour', term_start, 'UTC') + interval '1 hour' AS edge
    FROM terms
    UNION
    SELECT
        subscription_key,
        date_trunc('hour', term_end, 'UTC') AS edge
    FROM terms
    UNION
    SELECT
        subscription_key,
        date_trunc('hour', term_end, 'UTC') + interval '1 hour' AS edge
    FROM terms
),

stretches AS (
    SELECT
        subscription_key,
        edge AS first_hour,
        lead(edge) OVER (PARTITION BY subscription_key ORDER BY edge) AS until_hour
    FROM edges
),

-- What licences cover of each hour of a stretch, and when in it the last of them ended.
covers AS (
    SELECT
        s.subscription_key,
        s.first_hour,
        s.until_hour,
        CAST(
            sum(
                t.capacity_aku * (
                    CAST(floor(extract(EPOCH FROM least(t.term_end, s.first_hour + interval '1 hour'))) AS bigint)
                    - CAST(floor(extract(EPOCH FROM greatest(t.term_start, s.first_hour))) AS bigint)
                )
            ) AS bigint
        ) AS aku_seconds,
        max(t.term_end) FILTER (WHERE t.is_last AND t.term_end < s.first_hour + interval '1 hour') AS ended_at
    FROM stretches AS s
    INNER JOIN terms AS t
        ON
            s.subscription_key = t.subscription_key
            AND t.term_start < s.first_hour + interval '1 hour'
            AND t.term_end > s.first_hour
    GROUP BY s.subscription_key, s.first_hour, s.until_hour
),

-- What a licence that ended within an hour leaves over of it is priced as from that end.
placed_covers AS (
    SELECT
        c.*,
        later.segment_no AS rest_segment_no
    FROM covers AS c
    LEFT JOIN segments AS later
        ON
            c.subscription_key = later.subscription_key
            AND c.ended_at >= later.segment_start
            AND (c.ended_at < later.segment_end OR later.segment_end = :period_end)
),

placed AS MATERIALIZED (
    SELECT
        h.subscription_key,
        h.hour_start,
        p.segment_no,
        least(h.aku_seconds, coalesce(c.aku_seconds, 0)) AS covered_aku_seconds,
        greatest(h.aku_seconds - coalesce(c.aku_seconds, 0), 0) AS rest_aku_seconds,
        coalesce(c.rest_segment_no, p.segment_no) AS rest_segment_no
    FROM hours AS h
    INNER JOIN segments AS p
        ON
            h.subscription_key = p.subscription_key
            AND (p.is_whole OR (h.hour_start >= p.segment_start AND h.hour_start < p.segment_end))
    LEFT JOIN placed_covers AS c
        ON
            h.subscription_key = c.subscription_key
            AND h.hour_start >= c.first_hour
            AND h.hour_start < c.until_hour
),

counted AS (
    SELECT
        *,
        CAST(sum(rest_aku_seconds) OVER (PARTITION BY subscription_key ORDER BY hour_start) AS bigint) AS cumulative_end
    FROM placed
    WHERE subscription_key IN (SELECT subscription_key FROM segments WHERE needs_count)
),

totals AS (
    SELECT
        subscription_key,
        sum(rest_aku_seconds) AS cumulative_total
    FROM placed
    WHERE subscription_key IN (SELECT subscription_key FROM segments WHERE needs_total)
    GROUP BY subscription_key
),

positions AS (
    SELECT
        c.subscription_key,
        c.rest_segment_no,
        p.version_key,
        greatest(c.cumulative_end - c.rest_aku_seconds - p.included_aku_seconds, 0) AS cumulative_start,
        greatest(c.cumulative_end - p.included_aku_seconds, 0) AS cumulative_end,
        greatest(t.cumulative_total - p.included_aku_seconds, 0) AS final_quantity
    FROM counted AS c
    INNER JOIN segments AS p ON c.subscription_key = p.subscription_key AND c.rest_segment_no = p.segment_no
    LEFT JOIN totals AS t ON c.subscription_key = t.subscription_key
    WHERE
        p.needs_count
        AND c.rest_aku_seconds > 0
    UNION ALL
    -- Every hour starts from zero where only licences are what hours are taken apart for.
    SELECT
        c.subscription_key,
        c.rest_segment_no,
        p.version_key,
        0 AS cumulative_start,
        c.rest_aku_seconds AS cumulative_end,
        c.rest_aku_seconds AS final_quantity
    FROM placed AS c
    INNER JOIN segments AS p ON c.subscription_key = p.subscription_key AND c.rest_segment_no = p.segment_no
    WHERE
        p.is_hourly
        AND NOT p.needs_count
        AND c.rest_aku_seconds > 0
),

charged AS (
    SELECT
        p.subscription_key,
        p.rest_segment_no,
        t.*,
        CASE t.model
            WHEN 'volume' THEN p.cumulative_end - p.cumulative_start
            WHEN 'package'
                THEN
                    (p.cumulative_end + t.package_aku_seconds - 1) / t.package_aku_seconds
                    - (p.cumulative_start + t.package_aku_seconds - 1) / t.package_aku_seconds
            ELSE least(p.cumulative_end, t.up_to_aku_seconds) - greatest(p.cumulative_start, t.from_aku_seconds)
        END AS units
    FROM positions AS p
    INNER JOIN rated_tiers AS t
        ON
            p.version_key = t.version_key
            AND (
                (
                    t.model <> 'volume'
                    AND p.cumulative_end > t.from_aku_seconds
                    AND p.cumulative_start < t.up_to_aku_seconds
                )
                OR (
                    t.model = 'volume'
                    AND p.final_quantity > t.from_aku_seconds
                    AND p.final_quantity <= t.up_to_aku_seconds
                )
            )
)

SELECT
    subscription_key,
    segment_no,
    CAST(NULL AS integer) AS tier,
    sum(covered_aku_seconds) AS covered_aku_seconds,
    CAST(0 AS numeric) AS rest_aku_seconds,
    CAST(0 AS numeric) AS hourly_amount,
    FALSE AS is_too_large
FROM placed
GROUP BY subscription_key, segment_no
UNION ALL
SELECT
    subscription_key,
    rest_segment_no,
    NULL AS tier,
    0 AS covered_aku_seconds,
    sum(rest_aku_seconds) AS rest_aku_seconds,
    0 AS hourly_amount,
    FALSE AS is_too_large
FROM placed
GROUP BY subscription_key, rest_segment_no
UNION ALL
SELECT
    subscription_key,
    rest_segment_no,
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
GROUP BY subscription_key, rest_segment_no, tier
