-- A line for each licence term that starts in the period, and before the subscription ended, by the version in force
-- then. Where that sells none, the term costs nothing.
INSERT INTO unnumbered_lines (
    subscription_key, segment_no, kind, fee_no, line_start, line_end, aku_seconds, quantity, unit, unit_price,
    exact_amount, amount, version_key, tax_rate, tax_is_inclusive, detail
)
SELECT
    p.subscription_key,
    0 AS segment_no,
    'licence' AS kind,
    0 AS fee_no,
    l.term_start AS line_start,
    l.term_end AS line_end,
    0 AS aku_seconds,
    l.capacity_aku * l.term_months AS quantity,
    'AKU-month' AS unit,
    coalesce(v.licence_price_per_aku_month, 0) AS unit_price,
    l.capacity_aku * l.term_months * coalesce(v.licence_price_per_aku_month, 0) AS exact_amount,
    coalesce(
        billing.licence_price(v, l.capacity_aku, l.term_months), CAST('0e-' || v.rounding_digits AS numeric)
    ) AS amount,
    p.version_key,
    p.tax_rate,
    p.tax_is_inclusive,
    l.capacity_aku AS detail
FROM cumulative_quantities AS p
INNER JOIN core.licences AS l
    ON
        p.subscription_key = l.subscription_key
        AND p.segment_start <= l.term_start
        AND p.segment_end > l.term_start
INNER JOIN billable_subscriptions AS s
    ON p.subscription_key = s.subscription_key AND (s.ended_at IS NULL OR s.ended_at > l.term_start)
INNER JOIN billing.price_plan_versions AS v ON p.version_key = v.version_key
