-- The issued bills that a version of the plan would reach which is effective from this instant.
SELECT
    count(*) AS bill_count,
    max(period_end) AS billed_until,
    (array_agg(bill_id ORDER BY period_end DESC, bill_id ASC))[1] AS bill_id
FROM billing.issued_periods_of_version(:plan_key, :starts)
