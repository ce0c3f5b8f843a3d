-- Own lines of the chosen bills that are not, to the byte, what rating gives from the same hours, prices and offers.
WITH stored AS (
    SELECT
        b.bill_key,
        b.subscription_key,
        l.line_no,
        jsonb_build_object(
            'kind', l.kind, 'tier', l.tier, 'name', l.name, 'description', l.description, 'line_start', l.line_start,
            'line_end', l.line_end, 'aku_seconds', l.aku_seconds, 'metered_aku_seconds', l.metered_aku_seconds,
            'quantity', CAST(l.quantity AS text), 'unit', l.unit, 'unit_price', CAST(l.unit_price AS text),
            'exact_amount', CAST(l.exact_amount AS text), 'amount', CAST(l.amount AS text), 'version', l.version_key,
            'tax_rate', CAST(l.tax_rate AS text), 'tax_is_inclusive', l.tax_is_inclusive
        ) AS line
    FROM billing.bills AS b
    INNER JOIN billing.bill_lines AS l ON b.bill_key = l.bill_key
    WHERE
        b.bill_key = any(:bill_keys)
        AND l.corrects_bill_key IS NULL
        AND l.kind <> 'refund'
),

rated AS (
    SELECT
        b.bill_key,
        l.line_no,
        jsonb_build_object(
            'kind', l.kind, 'tier', l.tier, 'name', l.name, 'description', l.description, 'line_start', l.line_start,
            'line_end', l.line_end, 'aku_seconds', l.aku_seconds, 'metered_aku_seconds', l.metered_aku_seconds,
            'quantity', CAST(l.quantity AS text), 'unit', l.unit, 'unit_price', CAST(l.unit_price AS text),
            'exact_amount', CAST(l.exact_amount AS text), 'amount', CAST(l.amount AS text), 'version', l.version_key,
            'tax_rate', CAST(l.tax_rate AS text), 'tax_is_inclusive', l.tax_is_inclusive
        ) AS line
    FROM billing.bills AS b
    INNER JOIN rated_lines AS l ON b.subscription_key = l.subscription_key
    WHERE b.bill_key = any(:bill_keys)
)

SELECT
    coalesce(stored.bill_key, rated.bill_key) AS bill_key,
    coalesce(stored.line_no, rated.line_no) AS line_no,
    stored.line AS stored,
    rated.line AS rated
FROM stored
FULL JOIN rated ON stored.bill_key = rated.bill_key AND stored.line_no = rated.line_no
WHERE stored.line IS DISTINCT FROM rated.line
ORDER BY bill_key, line_no
