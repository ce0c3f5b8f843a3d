UPDATE marketplace.push_records
SET
    outcome = :outcome,
    reason = :reason,
    their_code = :their_code,
    most_together = coalesce(CAST(:most_together AS integer), most_together),
    decided_at = CASE WHEN :outcome = 'pending' THEN NULL ELSE CAST(:now AS timestamptz) END
WHERE attempt_key = :attempt_key AND outcome = 'sending'
RETURNING record_key
