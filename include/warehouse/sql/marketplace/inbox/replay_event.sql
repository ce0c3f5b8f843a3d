-- The parked event is tried again, from the start.
UPDATE marketplace.inbox
SET
    state = 'received',
    reason = NULL,
    facts = '{}',
    tries = 0,
    next_try_at = NULL,
    decided_at = NULL
WHERE event_key = :event_key AND state = 'parked'
