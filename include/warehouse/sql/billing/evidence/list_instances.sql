-- The instances of a subscription in the hours of a window, with how their usage is known, where it comes from, and
-- what is charged of it by the hour measure of the segment that the hour lies in (as metered, where none is given).
SELECT
    u.hour_start,
    i.instance_id,
    u.aku_seconds,
    u.inferred_aku_seconds,
    u.estimated_aku_seconds,
    u.gap_seconds,
    u.peak_aku,
    u.used_seconds,
    billing.charged_aku_seconds(
        coalesce(m.hour_measure, 'time_weighted'),
        u.aku_seconds,
        u.peak_aku,
        billing.whole_hour_aku_seconds(u.aku_seconds, u.used_seconds)
    ) AS charged_aku_seconds,
    u.source,
    f.file_name
FROM
    generate_series(
        date_trunc('hour', CAST(:window_start AS timestamptz), 'UTC'),
        CAST(:window_end AS timestamptz) - interval '1 second',
        interval '1 hour'
    ) AS spanned (hour_start)
CROSS JOIN metering.instances AS i
INNER JOIN metering.usage AS u ON spanned.hour_start = u.hour_start AND i.instance_key = u.instance_key
LEFT JOIN
    unnest(
        CAST(:segment_starts AS timestamptz[]), CAST(:segment_ends AS timestamptz[]), CAST(:hour_measures AS text[])
    ) AS m (segment_start, segment_end, hour_measure)
    ON u.hour_start >= m.segment_start AND u.hour_start < m.segment_end
LEFT JOIN metering.imports AS f ON u.import_key = f.import_key
WHERE
    i.subscription_key = :subscription_key
    AND u.hour_start >= :window_start
    AND u.hour_start < :window_end
ORDER BY u.hour_start, i.instance_id
