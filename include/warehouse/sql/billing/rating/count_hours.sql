-- Adds up hours that have to be taken one after the other, into sequential_totals of this transaction: for each segment
-- a row without tier with its AKU-seconds covered by licences and the rest, charged and metered, and for each tier of
-- a plan that charges by the hour the sum of the hours' rounded amounts.
CREATE TEMPORARY TABLE sequential_totals ON COMMIT DROP AS
SELECT
    subscription_key,
    segment_no,
    tier,
    sum(covered_aku_seconds) AS covered_aku_seconds,
    sum(rest_aku_seconds) AS rest_aku_seconds,
    sum(metered_aku_seconds) FILTER (WHERE covered_aku_seconds IS NOT NULL) AS covered_metered_aku_seconds,
    sum(metered_aku_seconds) FILTER (WHERE rest_aku_seconds IS NOT NULL) AS rest_metered_aku_seconds,
    sum(charge) AS hourly_amount,
    bool_or(is_too_large) AS is_too_large
FROM billing.charged_hours(:period_start, :period_end, :has_other_hours, FALSE, :subscriptions)
GROUP BY subscription_key, segment_no, tier
