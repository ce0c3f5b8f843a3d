-- What the document itself says: what it is, for whom and for which period, its lines, taxes and sums, and what it
-- prints of buyer, subscription and seller.
INSERT INTO fingerprint_parts (bill_key, part, digest)
SELECT
    c.bill_key,
    'identity' AS part,
    billing.sha256_hex(CAST(json_build_array(
        c.bill_id, c.document, root.bill_id, c.subscription_id,
        CAST(extract(EPOCH FROM c.period_start) AS bigint), CAST(extract(EPOCH FROM c.period_end) AS bigint),
        c.price_plan, c.currency
    ) AS text)) AS digest
FROM fingerprinted_bills AS c
LEFT JOIN billing.bills AS root ON c.corrects_bill_key = root.bill_key
UNION ALL
SELECT
    c.bill_key,
    'activity' AS part,
    billing.sha256_hex(CAST(json_build_array(
        extract(EPOCH FROM greatest(c.started_at, c.period_start)),
        extract(EPOCH FROM least(c.ended_at, c.period_end))
    ) AS text)) AS digest
FROM fingerprinted_bills AS c
UNION ALL
SELECT
    c.bill_key,
    'sums' AS part,
    billing.sha256_hex(CAST(json_build_array(
        c.aku_seconds, c.subtotal, c.tax, c.tax_included, c.total
    ) AS text)) AS digest
FROM fingerprinted_bills AS c
UNION ALL
SELECT
    c.bill_key,
    'printed' AS part,
    billing.sha256_hex(CAST(c.printed AS text)) AS digest
FROM fingerprinted_bills AS c
UNION ALL
SELECT
    l.bill_key,
    'lines' AS part,
    billing.sha256_hex(
        string_agg(
            CAST(json_build_array(
                l.line_no, l.kind, l.tier, l.name, l.description, CAST(extract(EPOCH FROM l.line_start) AS bigint),
                CAST(extract(EPOCH FROM l.line_end) AS bigint), l.aku_seconds, l.metered_aku_seconds,
                l.quantity, l.unit, l.unit_price, l.exact_amount, l.amount, p.name,
                CAST(extract(EPOCH FROM v.effective_from) AS bigint), l.tax_rate, l.tax_is_inclusive, root.bill_id,
                said.bill_id, l.corrects_line_no, n.correction_id, l.reason
            ) AS text),
            E'\n' ORDER BY l.line_no
        )
    ) AS digest
FROM billing.bill_lines AS l
LEFT JOIN billing.price_plan_versions AS v ON l.version_key = v.version_key
LEFT JOIN billing.price_plans AS p ON v.plan_key = p.plan_key
LEFT JOIN billing.bills AS root ON l.corrects_bill_key = root.bill_key
LEFT JOIN billing.bills AS said ON l.corrects_document_key = said.bill_key
LEFT JOIN billing.corrections AS n ON l.correction_key = n.correction_key
WHERE l.bill_key IN (SELECT bill_key FROM fingerprinted_bills)
GROUP BY l.bill_key
UNION ALL
SELECT
    t.bill_key,
    'taxes' AS part,
    billing.sha256_hex(
        string_agg(
            CAST(json_build_array(root.bill_id, t.tax_rate, t.is_inclusive, t.is_refund, t.base, t.amount) AS text),
            E'\n' ORDER BY root.bill_id, t.tax_rate, t.is_inclusive, t.is_refund
        )
    ) AS digest
FROM billing.bill_taxes AS t
INNER JOIN billing.bills AS root ON t.for_bill_key = root.bill_key
WHERE t.bill_key IN (SELECT bill_key FROM fingerprinted_bills)
GROUP BY t.bill_key
