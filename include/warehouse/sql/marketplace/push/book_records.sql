-- What came of a request, record by record.
UPDATE marketplace.push_records AS r
SET
    outcome = b.outcome,
    reason = b.reason,
    their_code = b.their_code,
    most_together = coalesce(b.most_together, r.most_together),
    decided_at = CASE WHEN b.outcome = 'pending' THEN NULL ELSE CAST(:now AS timestamptz) END
FROM
    unnest(
        CAST(:record_keys AS bigint[]), CAST(:outcomes AS text[]), CAST(:reasons AS text[]),
        CAST(:their_codes AS text[]), CAST(:most_together AS integer[])
    ) AS b (record_key, outcome, reason, their_code, most_together)
WHERE r.record_key = b.record_key AND r.attempt_key = :attempt_key AND r.outcome = 'sending'
RETURNING r.record_key, r.outcome
