-- A draft's expected total is that of its own period, and the corrections of earlier ones that are on the draft.
UPDATE billing.bills AS b
SET
    forecast_total = f.total + coalesce(
        (
            SELECT sum(l.amount) FROM billing.bill_lines AS l
            WHERE l.bill_key = b.bill_key AND l.corrects_bill_key IS NOT NULL
        ),
        0
    ) + coalesce(
        (
            SELECT sum(t.amount) FROM billing.bill_taxes AS t
            WHERE t.bill_key = b.bill_key AND t.for_bill_key <> b.bill_key AND NOT t.is_inclusive
        ),
        0
    )
FROM forecasts AS f
INNER JOIN billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS d
    ON f.subscription_key = d.subscription_key
WHERE b.bill_key = d.bill_key
