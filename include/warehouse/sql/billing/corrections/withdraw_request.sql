UPDATE billing.corrections
SET
    state = 'withdrawn',
    withdrawn_by = :by,
    withdrawal_reason = :reason,
    withdrawn_at = :at
WHERE correction_key = :correction_key
