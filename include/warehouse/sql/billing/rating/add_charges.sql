-- A line for each charge, of its segment's time. What brings the sum to a limit is about all segments that it was taken
-- over. What was metered of a segment's usage is divided among its lines as what is charged of it.
INSERT INTO unnumbered_lines (
    subscription_key, segment_no, kind, tier, name, fee_no, line_start, line_end, aku_seconds,
    metered_aku_seconds, quantity, unit, unit_price, exact_amount, amount, version_key, tax_rate, tax_is_inclusive,
    detail
)
SELECT
    p.subscription_key,
    p.segment_no,
    c.kind,
    c.tier,
    c.name,
    c.fee_no,
    CASE c.kind
        WHEN 'maximum' THEN p.maximum_start
        WHEN 'minimum' THEN p.minimum_start
        ELSE p.segment_start
    END AS line_start,
    p.segment_end AS line_end,
    c.aku_seconds,
    CASE
        WHEN c.kind = 'covered' THEN p.covered_metered_aku_seconds
        ELSE
            billing.metered_up_to(p.rest_metered_aku_seconds, c.rest_end, p.rest_aku_seconds)
            - billing.metered_up_to(p.rest_metered_aku_seconds, c.rest_end - c.aku_seconds, p.rest_aku_seconds)
    END AS metered_aku_seconds,
    c.quantity,
    c.unit,
    c.unit_price,
    c.exact_amount,
    c.amount,
    p.version_key,
    p.tax_rate,
    p.tax_is_inclusive,
    p.discount_percent AS detail
FROM (
    SELECT
        *,
        min(segment_start) FILTER (WHERE maximum_charge IS NOT NULL) OVER period AS maximum_start,
        min(segment_start) FILTER (WHERE minimum_charge IS NOT NULL) OVER period AS minimum_start
    FROM cumulative_quantities
    WINDOW period AS (PARTITION BY subscription_key)
) AS p
INNER JOIN (
    SELECT
        *,
        CAST(
            sum(CASE WHEN kind <> 'covered' THEN aku_seconds ELSE 0 END) OVER (
                PARTITION BY subscription_key, segment_no ORDER BY kind <> 'included', tier, kind, name, fee_no
            ) AS bigint
        ) AS rest_end
    FROM rated_charges
) AS c ON p.subscription_key = c.subscription_key AND p.segment_no = c.segment_no
