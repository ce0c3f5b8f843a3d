-- Of a channel that never charges a record twice.
UPDATE marketplace.push_records
SET outcome = 'pending', reason = NULL, decided_at = NULL
WHERE channel = :channel AND outcome = 'unknown' AND cut_off > :now
