-- One empty draft for each subscription that was rated; its lines and sums follow in the same transaction. It is
-- drafted after every offer that it is rated by, so that it can be rated again by just these.
INSERT INTO billing.bills (
    bill_id, subscription_key, period, period_start, period_end, price_plan, currency, state, aku_seconds, subtotal,
    tax, total, printed, subscription_ended_at, fingerprint, drafted_at
)
SELECT
    CAST(:period AS text) || '-' || b.subscription_id AS bill_id,
    b.subscription_key,
    :period,
    :period_start,
    :period_end,
    b.price_plan,
    b.currency,
    'draft' AS state,
    0 AS aku_seconds,
    0 AS subtotal,
    0 AS tax,
    0 AS total,
    billing.printed_facts(b.subscription_key, CAST(:products AS jsonb)) AS printed,
    (
        SELECT s.ended_at FROM core.subscriptions AS s
        WHERE s.subscription_key = b.subscription_key
    ) AS subscription_ended_at,
    '' AS fingerprint,
    greatest(
        CAST(:drafted_at AS timestamptz),
        (SELECT max(o.entered_at) FROM billing.private_offers AS o WHERE o.subscription_key = b.subscription_key)
    ) AS drafted_at
FROM billable_subscriptions AS b
WHERE b.subscription_key IN (SELECT subscription_key FROM rated_lines)
ORDER BY b.subscription_id
RETURNING bill_key
