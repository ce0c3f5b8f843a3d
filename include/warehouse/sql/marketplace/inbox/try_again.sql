-- The event failed for now, and waits; later ones of its subscription wait with it.
UPDATE marketplace.inbox
SET
    tries = tries + 1,
    next_try_at = clock_timestamp() + CAST(:wait AS interval)
WHERE event_key = :event_key AND state = 'received' AND tries = :tries
