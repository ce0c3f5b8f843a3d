-- Every price plan version in force in the period, whether a line came of it or not: of the own plan, and of offers. A
-- version is its file's text and the rows that rating joins.
INSERT INTO fingerprint_parts (bill_key, part, digest)
WITH plans AS (
    SELECT
        bill_key,
        price_plan
    FROM fingerprinted_bills
    UNION
    SELECT
        c.bill_key,
        o.price_plan
    FROM fingerprinted_bills AS c
    CROSS JOIN LATERAL billing.offers_in(c.subscription_key, c.period_start, c.period_end, c.drafted_at) AS o
    WHERE o.price_plan IS NOT NULL
),

in_force AS (
    SELECT
        c.bill_key,
        v.version_key
    FROM fingerprinted_bills AS c
    INNER JOIN plans ON c.bill_key = plans.bill_key
    INNER JOIN billing.price_plans AS p ON plans.price_plan = p.name
    INNER JOIN billing.version_spans AS v
        ON
            p.plan_key = v.plan_key
            AND c.period_end > v.effective_from
            AND c.period_start < v.effective_until
    UNION
    SELECT
        l.bill_key,
        l.version_key
    FROM billing.bill_lines AS l
    WHERE l.bill_key IN (SELECT bill_key FROM fingerprinted_bills)
),

versions AS MATERIALIZED (
    SELECT
        v.version_key,
        p.name,
        v.effective_from,
        billing.sha256_hex(concat_ws(
            E'\n',
            CAST(json_build_array(
                p.name, p.currency, p.time_zone, CAST(extract(EPOCH FROM v.effective_from) AS bigint), v.hour_measure,
                v.charge_every,
                v.rounding_digits, v.rounding_mode, v.model, v.flat_fee_at_zero, v.package_aku_seconds,
                v.included_aku_seconds, v.minimum_charge, v.maximum_charge, v.is_prorated, v.discount_percent,
                v.tax_rate, v.tax_is_inclusive, v.licence_price_per_aku_month, v.overage_price, v.source
            ) AS text),
            (
                SELECT
                    string_agg(CAST(json_build_array(
                        'tier', t.tier, t.up_to, t.up_to_aku_seconds, t.unit_price, t.flat_fee, t.price_scale,
                        t.scaled_price
                    ) AS text), E'\n' ORDER BY t.tier)
                FROM billing.price_tiers AS t
                WHERE t.version_key = v.version_key
            ),
            (
                SELECT
                    string_agg(
                        CAST(json_build_array('fee', f.fee_no, f.name, f.amount, f.is_prorated) AS text),
                        E'\n' ORDER BY f.fee_no
                    )
                FROM billing.price_fees AS f
                WHERE f.version_key = v.version_key
            )
        )) AS sha256
    FROM billing.price_plan_versions AS v
    INNER JOIN billing.price_plans AS p ON v.plan_key = p.plan_key
    WHERE v.version_key IN (SELECT version_key FROM in_force)
)

SELECT
    used.bill_key,
    'prices' AS part,
    billing.sha256_hex(
        string_agg(v.name || ' ' || v.sha256, E'\n' ORDER BY v.name, v.effective_from)
    ) AS digest
FROM in_force AS used
INNER JOIN versions AS v ON used.version_key = v.version_key
GROUP BY used.bill_key
