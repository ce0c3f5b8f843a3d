SELECT
    finding,
    facts,
    found_at
FROM billing.bill_findings
WHERE bill_key = :bill_key
ORDER BY finding
