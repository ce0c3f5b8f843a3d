-- Records whose cut-off has passed before they went.
UPDATE marketplace.push_records
SET outcome = 'missed', reason = 'cut_off_passed', decided_at = :now
WHERE channel = :channel AND outcome IN ('pending', 'not_sent') AND cut_off <= :now
RETURNING record_key
