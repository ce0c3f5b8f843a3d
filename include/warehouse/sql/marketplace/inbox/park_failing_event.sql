-- The event has failed too often, or for a reason that stays.
UPDATE marketplace.inbox
SET
    state = 'parked',
    reason = :reason,
    facts = CAST(:facts AS jsonb),
    tries = tries + 1,
    next_try_at = NULL,
    decided_at = clock_timestamp()
WHERE event_key = :event_key AND state = 'received' AND tries = :tries
