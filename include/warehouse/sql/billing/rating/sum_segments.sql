-- Adds up each segment whose hours can be taken in any order, into segment_totals of this transaction: AKU-seconds, and
-- the sum of the hours' rounded amounts where the plan charges by the hour.
-- CREATE TABLE AS, because PostgreSQL reads in parallel for it, and not for INSERT.
CREATE TEMPORARY TABLE segment_totals ON COMMIT DROP AS
SELECT
    p.subscription_key,
    p.segment_no,
    CAST(sum(h.aku_seconds) AS bigint) AS aku_seconds,
    sum(
        billing.rounded_charge(h.aku_seconds, p.scaled_price, p.divisor, p.addend, p.is_half_even, p.max_aku_seconds)
    ) AS hourly_amount,
    max(h.aku_seconds) > min(p.max_aku_seconds) AS is_too_large
FROM billing.hours_to_rate(:period_start, :period_end, :has_other_hours, :subscriptions) AS h
INNER JOIN billing.rating_segments AS p
    ON
        h.subscription_key = p.subscription_key
        AND (p.is_whole OR (h.hour_start >= p.segment_start AND h.hour_start < p.segment_end))
WHERE NOT p.is_priced_hourly
GROUP BY p.subscription_key, p.segment_no
