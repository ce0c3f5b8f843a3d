-- Lines and taxes of issued documents of a period (see document_list_due), or of one document in any state, for files.
WITH
documents AS (
    SELECT * FROM billing.documents
    WHERE bill_id = CAST(:bill_id AS text) OR (is_issued AND filed_in = CAST(:period AS text))
),

taxes AS (
    SELECT
        t.*,
        row_number() OVER (
            PARTITION BY t.bill_key ORDER BY t.for_bill_key, t.tax_rate, t.is_inclusive, t.is_refund
        ) AS tax_no
    FROM billing.bill_taxes AS t
),

rows_of_documents AS (
    SELECT
        l.bill_key,
        l.line_no,
        l.kind,
        l.tier,
        l.name,
        l.description,
        l.line_start,
        l.line_end,
        l.aku_seconds,
        l.quantity,
        l.unit,
        l.unit_price,
        l.exact_amount,
        l.amount,
        l.tax_rate,
        l.tax_is_inclusive,
        coalesce(l.corrects_document_key, l.corrects_bill_key) AS corrects_key,
        l.corrects_line_no,
        l.reason
    FROM billing.bill_lines AS l
    UNION ALL
    SELECT
        t.bill_key,
        CAST(NULL AS integer) AS line_no,
        'tax' AS kind,
        CAST(NULL AS integer) AS tier,
        NULL AS name,
        CASE WHEN t.is_inclusive THEN 'Tax contained in the lines' ELSE 'Tax' END AS description,
        r.period_start AS line_start,
        r.period_end AS line_end,
        0 AS aku_seconds,
        CAST(NULL AS numeric) AS quantity,
        NULL AS unit,
        CAST(NULL AS numeric) AS unit_price,
        CAST(NULL AS numeric) AS exact_amount,
        t.amount,
        t.tax_rate,
        t.is_inclusive AS tax_is_inclusive,
        nullif(t.for_bill_key, t.bill_key) AS corrects_key,
        CAST(NULL AS integer) AS corrects_line_no,
        NULL AS reason
    FROM taxes AS t
    INNER JOIN billing.bills AS r ON t.for_bill_key = r.bill_key
)

SELECT
    d.bill_id,
    d.document,
    -- Whether the Marketplace confirmed it since changes no file.
    CASE WHEN d.is_issued THEN 'issued' ELSE d.state END AS state,
    d.period,
    d.issued_at,
    f.account_id,
    d.subscription_id,
    f.environment_name,
    f.region,
    f.department,
    f.product,
    f.payment,
    d.price_plan,
    d.currency,
    l.line_no,
    l.kind,
    l.tier,
    l.name,
    l.description,
    l.line_start,
    l.line_end,
    l.aku_seconds,
    l.quantity,
    l.unit,
    l.unit_price,
    l.exact_amount,
    l.amount,
    l.tax_rate,
    l.tax_is_inclusive,
    c.bill_id AS corrects_bill_id,
    l.corrects_line_no,
    l.reason,
    d.total AS document_total
FROM documents AS d
INNER JOIN rows_of_documents AS l ON d.bill_key = l.bill_key
INNER JOIN billing.printed_parties AS f ON d.bill_key = f.bill_key
LEFT JOIN billing.bills AS c ON l.corrects_key = c.bill_key
ORDER BY d.subscription_id, d.issued_at, d.bill_id, l.line_no NULLS LAST, l.tax_rate, l.tax_is_inclusive, c.bill_id
