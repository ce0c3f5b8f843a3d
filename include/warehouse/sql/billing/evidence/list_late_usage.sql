-- Late usage of a bill's hours that a document bills, or would bill if it were issued now.
SELECT
    a.hour_start,
    i.instance_id,
    a.aku_seconds_before,
    a.aku_seconds_after,
    a.peak_aku_before,
    a.peak_aku_after,
    a.used_seconds_before,
    a.used_seconds_after,
    a.cause,
    a.found_at
FROM billing.late_usage AS a
INNER JOIN metering.instances AS i ON a.instance_key = i.instance_key
INNER JOIN billing.bills AS d ON d.bill_key = :document_key
WHERE
    a.bill_key = :root_key
    AND a.hour_start >= :line_start
    AND a.hour_start < :line_end
    AND (
        a.applied_on_bill_key = d.bill_key
        OR (d.state IN ('draft', 'held') AND a.state = 'pending')
    )
ORDER BY a.hour_start, i.instance_id
