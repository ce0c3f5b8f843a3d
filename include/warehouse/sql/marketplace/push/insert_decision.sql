INSERT INTO marketplace.push_decisions (channel, record_key, hour_start, decision, decided_by, reason, decided_at)
VALUES (:channel, :record_key, :hour_start, :decision, :decided_by, :reason, :now)
