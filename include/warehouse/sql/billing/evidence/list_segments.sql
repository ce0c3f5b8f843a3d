-- The segments of the subscription that was just rated: where each lies in the period and in its count, by which
-- version and private offer it is priced, and what its charges come to before discount and limits.
SELECT
    p.segment_no,
    p.segment_start,
    p.segment_end,
    p.version_key,
    p.discount_percent,
    p.active_seconds,
    p.active_seconds_of_period,
    p.covered_aku_seconds,
    p.rest_aku_seconds,
    p.covered_metered_aku_seconds,
    p.rest_metered_aku_seconds,
    p.cumulative_start,
    p.cumulative_end,
    p.final_quantity,
    v.model,
    v.hour_measure,
    v.charge_every,
    v.included_aku_seconds,
    v.package_aku_seconds,
    v.flat_fee_at_zero,
    v.minimum_charge,
    v.maximum_charge,
    v.is_prorated,
    v.rounding_digits,
    v.rounding_mode,
    o.price_plan AS offer_plan,
    o.discount_percent AS offer_discount_percent,
    o.reason AS offer_reason,
    o.entered_by AS offer_entered_by,
    o.entered_at AS offer_entered_at,
    coalesce((
        SELECT sum(c.amount) FROM rated_charges AS c
        WHERE
            c.subscription_key = p.subscription_key
            AND c.segment_no = p.segment_no
            AND c.kind NOT IN ('discount', 'maximum', 'minimum')
    ), 0) AS charged,
    coalesce((
        SELECT sum(c.amount) FROM rated_charges AS c
        WHERE
            c.subscription_key = p.subscription_key
            AND c.segment_no = p.segment_no
            AND c.kind = 'discount'
    ), 0) AS discounted
FROM cumulative_quantities AS p
LEFT JOIN billing.price_plan_versions AS v ON p.version_key = v.version_key
LEFT JOIN LATERAL billing.offer_at(p.subscription_key, p.segment_start, :known_at) AS o ON TRUE
WHERE p.subscription_key = :subscription_key
ORDER BY p.segment_no
