-- What waits to correct a bill and is on no document yet, oldest first.
SELECT
    correction_id,
    cause,
    has_next_bill,
    requested_by,
    requested_at,
    reason,
    late_hour_count
FROM billing.waiting_of(:bill_key)
ORDER BY requested_at, correction_id
