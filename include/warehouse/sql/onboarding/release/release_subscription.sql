-- Ends the subscription, or corrects its end.
UPDATE core.subscriptions
SET
    state = 'released',
    ended_at = :ended_at,
    state_reason = format(
        '%s (entered by %s at %s UTC)',
        CAST(:reason AS text),
        CAST(:by AS text),
        to_char(CAST(:at AS timestamptz) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')
    )
WHERE subscription_key = :subscription_key
