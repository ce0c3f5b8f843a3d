UPDATE billing.bills
SET
    state = 'issued',
    issued_at = :at
WHERE bill_key = :bill_key
