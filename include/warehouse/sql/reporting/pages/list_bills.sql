-- One page of bills, newest period first, the largest amounts first within it, and void ones last. Null filters keep
-- everything.
SELECT
    b.bill_id,
    b.document,
    b.period,
    b.state,
    b.currency,
    b.aku_seconds,
    b.total,
    s.subscription_id,
    s.environment_name,
    s.account_id,
    s.region,
    s.department,
    s.product,
    s.payment,
    CASE WHEN b.document = 'bill' THEN r.verdict END AS verdict,
    coalesce(r.is_final, FALSE) AS is_final,
    c.corrected_amount,
    c.is_waiting,
    count(*) OVER () AS match_count
FROM billing.bills AS b
INNER JOIN core.subscriptions AS s ON b.subscription_key = s.subscription_key
LEFT JOIN reconciliation.verdicts AS r ON b.subscription_key = r.subscription_key AND b.period = r.period
CROSS JOIN LATERAL billing.corrected_since(b.bill_key) AS c
WHERE
    (cast(:period AS text) IS NULL OR b.period = :period)
    AND (cast(:state AS text) IS NULL OR b.state = :state)
    AND (
        cast(:verdict AS text) IS NULL
        OR (b.document = 'bill' AND b.state <> 'void' AND coalesce(r.verdict, 'unknown') = :verdict)
    )
    AND (
        cast(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(concat_ws(' ', s.subscription_id, s.environment_name, s.account_id, s.department))
        ) > 0
    )
ORDER BY b.period DESC, b.state = 'void' ASC, b.total DESC, b.bill_id ASC
LIMIT :page_size OFFSET :skipped
