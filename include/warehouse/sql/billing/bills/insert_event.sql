INSERT INTO billing.bill_events (bill_id, from_state, to_state, who, reason, rejected_fingerprint, at)
VALUES (:bill_id, :from_state, :to_state, :who, :reason, :rejected_fingerprint, :at)
