-- Periods with issued documents, and which of their files lack some of them. Documents are only ever added to a
-- period, so a file lacks some when it holds fewer than there are.
WITH
documents AS (
    SELECT
        b.bill_key,
        CASE
            WHEN b.document = 'bill' THEN b.period
            ELSE to_char(b.issued_at AT TIME ZONE coalesce(p.time_zone, 'UTC'), 'YYYY-MM')
        END AS period
    FROM billing.bills AS b
    LEFT JOIN billing.price_plans AS p ON b.price_plan = p.name
    WHERE b.state IN ('issued', 'reconciled')
),

periods AS (
    SELECT
        d.period,
        count(*) AS document_count,
        count(*) FILTER (
            WHERE NOT EXISTS (
                SELECT 1 FROM reporting.exports AS x
                WHERE d.bill_key = x.bill_key AND x.format = 'pdf' AND x.language = :language
            )
        ) AS unprinted_count
    FROM documents AS d
    GROUP BY d.period
),

files AS (
    SELECT
        period,
        format,
        max(document_count) AS document_count
    FROM reporting.exports
    WHERE bill_key IS NULL
    GROUP BY period, format
)

SELECT
    p.period,
    p.unprinted_count > 0 AS pdf,
    p.document_count > coalesce(c.document_count, 0) AS csv,
    p.document_count > coalesce(f.document_count, 0) AS focus
FROM periods AS p
LEFT JOIN files AS c ON p.period = c.period AND c.format = 'csv'
LEFT JOIN files AS f ON p.period = f.period AND f.format = 'focus'
ORDER BY p.period
