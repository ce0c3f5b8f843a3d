-- A bill's history begins with its first draft, and goes on when the draft is made again.
INSERT INTO billing.bill_events (bill_id, from_state, to_state, who, at)
SELECT
    b.bill_id,
    NULL AS from_state,
    'draft' AS to_state,
    :who,
    :at
FROM billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS b
WHERE
    NOT EXISTS (SELECT FROM billing.bill_events AS e WHERE e.bill_id = b.bill_id)
ORDER BY b.bill_key
