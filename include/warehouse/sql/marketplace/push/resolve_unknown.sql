UPDATE marketplace.push_records
SET
    outcome = :outcome,
    reason = :reason,
    decided_at = CASE WHEN :outcome = 'pending' THEN NULL ELSE CAST(:now AS timestamptz) END
WHERE record_key = any(:record_keys) AND outcome = 'unknown'
RETURNING record_key
