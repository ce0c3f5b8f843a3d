-- What waits, and cannot be sent at all.
UPDATE marketplace.push_records
SET outcome = 'not_sent', reason = :reason, decided_at = :now
WHERE channel = :channel AND outcome = 'pending'
RETURNING record_key
