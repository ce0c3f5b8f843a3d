-- Periods with issued documents, and which of their files at one destination lack some of them. Documents are only ever
-- added to a period, so a file lacks some when it holds fewer than there are.
WITH
periods AS (
    SELECT
        d.filed_in AS period,
        count(*) AS document_count,
        count(*) FILTER (
            WHERE NOT EXISTS (
                SELECT 1 FROM reporting.exports AS x
                WHERE
                    d.bill_key = x.bill_key
                    AND x.format = 'pdf'
                    AND x.language = :language
                    AND x.destination = :destination
            )
        ) AS unprinted_count
    FROM billing.documents AS d
    WHERE d.is_issued
    GROUP BY d.filed_in
),

files AS (
    SELECT
        period,
        format,
        max(document_count) AS document_count
    FROM reporting.exports
    WHERE bill_key IS NULL AND destination = :destination
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
