-- What waits for a bill besides what a request of this cause asks for. A request for late usage asks for all of it,
-- also where another person gave a reason.
SELECT
    correction_id,
    cause,
    requested_by,
    reason,
    refund_amount,
    late_hour_count
FROM billing.waiting_of(:bill_key)
WHERE cause <> 'late_usage' OR CAST(:cause AS text) <> 'late_usage'
ORDER BY correction_id NULLS FIRST
