INSERT INTO billing.bill_findings (bill_key, finding, sentence, content, found_at)
VALUES (:bill_key, :finding, :sentence, :content, :found_at)
ON CONFLICT (bill_key, finding) DO UPDATE SET
    sentence = excluded.sentence,
    content = excluded.content,
    found_at = excluded.found_at
