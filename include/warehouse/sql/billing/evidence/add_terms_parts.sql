-- Licences and private offers of the period, these as they were known when the bill was drafted, and the late usage
-- that a document bills. While it is a draft, that is all that waits: for a note, what its bill has waiting, for a
-- bill, what any earlier one has.
INSERT INTO fingerprint_parts (bill_key, part, digest)
SELECT
    c.bill_key,
    'adjustments' AS part,
    billing.sha256_hex(
        string_agg(
            CAST(json_build_array(
                r.bill_id, i.instance_id, CAST(extract(EPOCH FROM a.hour_start) AS bigint), a.aku_seconds_before,
                a.aku_seconds_after, a.peak_aku_before, a.peak_aku_after, a.used_seconds_before, a.used_seconds_after
            ) AS text),
            E'\n' ORDER BY a.hour_start, i.instance_id, r.bill_id
        )
    ) AS digest
FROM fingerprinted_bills AS c
INNER JOIN billing.late_usage AS a ON c.subscription_key = a.subscription_key
INNER JOIN billing.bills AS r
    ON
        a.bill_key = r.bill_key
        AND CASE
            WHEN c.state NOT IN ('draft', 'held') THEN a.applied_on_bill_key = c.bill_key
            WHEN c.corrects_bill_key IS NOT NULL THEN a.state = 'pending' AND r.bill_key = c.corrects_bill_key
            ELSE a.state = 'pending' AND r.period_start < c.period_start
        END
INNER JOIN metering.instances AS i ON a.instance_key = i.instance_key
GROUP BY c.bill_key
UNION ALL
SELECT
    c.bill_key,
    'licences' AS part,
    billing.sha256_hex(
        string_agg(
            CAST(json_build_array(
                CAST(extract(EPOCH FROM l.term_start) AS bigint), CAST(extract(EPOCH FROM l.term_end) AS bigint),
                l.term_months, l.capacity_aku, l.price, l.currency
            ) AS text),
            E'\n' ORDER BY l.term_start, l.term_end, l.term_months, l.capacity_aku, l.price, l.currency
        )
    ) AS digest
FROM fingerprinted_bills AS c
INNER JOIN core.licences AS l
    ON
        c.subscription_key = l.subscription_key
        AND c.period_end > l.term_start
        AND c.period_start < l.term_end
GROUP BY c.bill_key
UNION ALL
SELECT
    c.bill_key,
    'offers' AS part,
    billing.sha256_hex(
        string_agg(
            CAST(json_build_array(
                CAST(extract(EPOCH FROM o.effective_from) AS bigint),
                CAST(extract(EPOCH FROM o.effective_until) AS bigint),
                o.price_plan, o.discount_percent, extract(EPOCH FROM o.entered_at)
            ) AS text),
            E'\n' ORDER BY o.entered_at, o.effective_from
        )
    ) AS digest
FROM fingerprinted_bills AS c
CROSS JOIN LATERAL billing.offers_in(c.subscription_key, c.period_start, c.period_end, c.drafted_at) AS o
GROUP BY c.bill_key
