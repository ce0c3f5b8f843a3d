INSERT INTO billing.bill_findings (bill_key, finding, facts, found_at)
VALUES (:bill_key, :finding, CAST(:facts AS jsonb), :found_at)
ON CONFLICT (bill_key, finding) DO UPDATE SET
    facts = excluded.facts,
    found_at = excluded.found_at
