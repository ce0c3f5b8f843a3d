-- What two bills charge for the same thing, side by side: a kind of line with its tier or name. What corrects other
-- periods, or gives back, is of the kind `correction`.
WITH sides AS (
    SELECT
        CASE WHEN l.corrects_bill_key IS NULL AND l.kind <> 'refund' THEN l.kind ELSE 'correction' END AS kind,
        CASE WHEN l.corrects_bill_key IS NULL THEN l.tier END AS tier,
        CASE WHEN l.corrects_bill_key IS NULL THEN l.name END AS name,
        l.bill_key = :before_key AS is_before,
        l.aku_seconds,
        l.quantity,
        l.unit,
        l.unit_price,
        l.amount,
        p.name || ' ' || to_char(v.effective_from AT TIME ZONE p.time_zone, 'YYYY-MM-DD') AS version
    FROM billing.bill_lines AS l
    LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
    LEFT JOIN billing.price_plans AS p ON v.plan_key = p.plan_key
    WHERE l.bill_key IN (:bill_key, :before_key)
)

SELECT
    kind,
    tier,
    name,
    min(unit) AS unit,
    coalesce(sum(quantity) FILTER (WHERE is_before), 0) AS quantity_before,
    coalesce(sum(quantity) FILTER (WHERE NOT is_before), 0) AS quantity,
    coalesce(CAST(sum(aku_seconds) FILTER (WHERE is_before) AS bigint), 0) AS aku_seconds_before,
    coalesce(CAST(sum(aku_seconds) FILTER (WHERE NOT is_before) AS bigint), 0) AS aku_seconds,
    coalesce(array_agg(DISTINCT unit_price) FILTER (WHERE is_before), '{}') AS prices_before,
    coalesce(array_agg(DISTINCT unit_price) FILTER (WHERE NOT is_before), '{}') AS prices,
    coalesce(array_agg(DISTINCT version) FILTER (WHERE is_before AND version IS NOT NULL), '{}') AS versions_before,
    coalesce(array_agg(DISTINCT version) FILTER (WHERE NOT is_before AND version IS NOT NULL), '{}') AS versions,
    coalesce(sum(amount) FILTER (WHERE is_before), 0) AS amount_before,
    coalesce(sum(amount) FILTER (WHERE NOT is_before), 0) AS amount
FROM sides
GROUP BY kind, tier, name
ORDER BY
    array_position(
        ARRAY[
            'licence', 'covered', 'included', 'usage', 'overage', 'flat_fee', 'fee', 'discount', 'minimum', 'maximum',
            'correction'
        ],
        kind
    ),
    tier,
    name
