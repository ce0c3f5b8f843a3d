-- Records of requests of runs that ended before the answer: no other run is at work on the channel.
UPDATE marketplace.push_records
SET outcome = 'unknown', reason = 'interrupted', decided_at = :now
WHERE channel = :channel AND outcome = 'sending'
RETURNING record_key
