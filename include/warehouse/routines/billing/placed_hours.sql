-- Hours with the segment that each lies in, charged by the hour measure of the segment's version, and what licences
-- cover of it, of subscriptions whose hours have to be taken one by one (in_full: of all). What a licence that ended
-- within an hour leaves over of it is priced as from that end.
CREATE FUNCTION billing.placed_hours(
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
    rest_metered_aku_seconds bigint
)
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT
        h.subscription_key,
        h.hour_start,
        p.segment_no,
        least(u.aku_seconds, coalesce(c.aku_seconds, 0)) AS covered_aku_seconds,
        greatest(u.aku_seconds - coalesce(c.aku_seconds, 0), 0) AS rest_aku_seconds,
        coalesce(c.rest_segment_no, p.segment_no) AS rest_segment_no,
        billing.metered_up_to(h.aku_seconds, least(u.aku_seconds, coalesce(c.aku_seconds, 0)), u.aku_seconds)
            AS covered_metered_aku_seconds,
        h.aku_seconds
        - billing.metered_up_to(h.aku_seconds, least(u.aku_seconds, coalesce(c.aku_seconds, 0)), u.aku_seconds)
            AS rest_metered_aku_seconds
    FROM billing.hours_to_rate(
        placed_hours.starts, placed_hours.ends, placed_hours.has_other_hours, placed_hours.subscriptions
    ) AS h
    INNER JOIN billing.rating_segments AS p
        ON
            h.subscription_key = p.subscription_key
            AND (p.is_whole OR (h.hour_start >= p.segment_start AND h.hour_start < p.segment_end))
    CROSS JOIN
        LATERAL (
            SELECT
                billing.charged_aku_seconds(
                    p.hour_measure, h.aku_seconds, h.peak_aku, h.whole_hour_aku_seconds
                ) AS aku_seconds
        ) AS u
    LEFT JOIN (
        SELECT
            covers.*,
            later.segment_no AS rest_segment_no
        FROM billing.licence_covers(placed_hours.starts, placed_hours.ends) AS covers
        LEFT JOIN billing.rating_segments AS later
            ON
                covers.subscription_key = later.subscription_key
                AND covers.ended_at >= later.segment_start
                AND (covers.ended_at < later.segment_end OR later.segment_end = placed_hours.ends)
    ) AS c
        ON
            h.subscription_key = c.subscription_key
            AND h.hour_start >= c.first_hour
            AND h.hour_start < c.until_hour
    WHERE placed_hours.in_full OR p.is_priced_hourly
$$;
COMMENT ON FUNCTION billing.placed_hours IS
'Hours with their segment: charged AKU-seconds covered by licences, the rest, the segment that prices it, and what was '
'metered of both.';
