-- A note for a bill, still a draft without lines and sums. It is drafted after every offer that it is rated by.
INSERT INTO billing.bills (
    bill_id, document, corrects_bill_key, subscription_key, period, period_start, period_end, price_plan, currency,
    state, aku_seconds, subtotal, tax, total, printed, subscription_ended_at, fingerprint, drafted_at
)
SELECT
    format(
        '%s-%s-%s',
        CASE CAST(:document AS text) WHEN 'credit_note' THEN 'CN' ELSE 'DN' END,
        root.bill_id,
        1 + count(earlier.bill_key)
    ) AS bill_id,
    :document,
    root.bill_key AS corrects_bill_key,
    root.subscription_key,
    root.period,
    root.period_start,
    root.period_end,
    root.price_plan,
    root.currency,
    'draft' AS state,
    0 AS aku_seconds,
    0 AS subtotal,
    0 AS tax,
    0 AS total,
    billing.printed_facts(root.subscription_key, CAST(:products AS jsonb)) AS printed,
    (
        SELECT s.ended_at FROM core.subscriptions AS s
        WHERE s.subscription_key = root.subscription_key
    ) AS subscription_ended_at,
    '' AS fingerprint,
    greatest(
        CAST(:at AS timestamptz),
        (
            SELECT max(o.entered_at) FROM billing.private_offers AS o
            WHERE o.subscription_key = root.subscription_key
        )
    ) AS drafted_at
FROM billing.bills AS root
LEFT JOIN billing.bills AS earlier ON root.bill_key = earlier.corrects_bill_key
WHERE root.bill_key = :root_key
GROUP BY root.bill_key
RETURNING bill_key, bill_id
