UPDATE marketplace.push_records
SET outcome = :outcome, reason = :reason, decided_at = :now
WHERE record_key = any(:record_keys) AND outcome = 'unknown'
RETURNING record_key
