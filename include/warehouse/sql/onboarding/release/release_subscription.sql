-- Ends the subscription, or corrects its end.
UPDATE core.subscriptions
SET
    state = 'released',
    ended_at = :ended_at,
    state_reason = :reason
WHERE subscription_key = :subscription_key
