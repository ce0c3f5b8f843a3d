-- The event has had its effect, was known before, or cannot have one.
UPDATE marketplace.inbox
SET
    state = :state,
    reason = :reason,
    facts = CAST(:facts AS jsonb),
    tries = tries + 1,
    next_try_at = NULL,
    decided_at = clock_timestamp()
WHERE event_key = :event_key AND state = 'received'
