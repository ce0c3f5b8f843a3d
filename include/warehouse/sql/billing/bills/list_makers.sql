-- Who made a bill that waits what it is: closed its period, asked for a correction that goes on it, took one back since
-- it was drafted, entered an offer that it is rated by, or imported usage that is on it.
SELECT
    e.who,
    'close' AS part
FROM billing.bill_events AS e
WHERE e.bill_id = :bill_id AND (e.from_state IS NULL OR (e.from_state = 'draft' AND e.to_state = 'held'))
UNION
SELECT
    c.requested_by AS who,
    'correction' AS part
FROM billing.corrections AS c
INNER JOIN billing.bills AS root ON c.bill_key = root.bill_key
INNER JOIN billing.bills AS b ON root.subscription_key = b.subscription_key
WHERE b.bill_id = :bill_id AND c.state = 'pending'
UNION
SELECT
    c.withdrawn_by AS who,
    'withdrawal' AS part
FROM billing.corrections AS c
INNER JOIN billing.bills AS root ON c.bill_key = root.bill_key
INNER JOIN billing.bills AS b ON root.subscription_key = b.subscription_key
WHERE
    b.bill_id = :bill_id
    AND c.state = 'withdrawn'
    AND c.withdrawn_at >= (SELECT min(e.at) FROM billing.bill_events AS e WHERE e.bill_id = b.bill_id)
UNION
SELECT
    o.entered_by AS who,
    'offer' AS part
FROM billing.private_offers AS o
INNER JOIN billing.bills AS b ON o.subscription_key = b.subscription_key
WHERE
    b.bill_id = :bill_id
    AND o.effective_from < b.period_end
    AND coalesce(o.effective_until, 'infinity') > b.period_start
UNION
SELECT
    f.imported_by AS who,
    'import' AS part
FROM billing.bills AS b
INNER JOIN metering.usage AS u
    ON
        b.subscription_key = u.subscription_key
        AND b.period_start <= u.hour_start
        AND b.period_end > u.hour_start
INNER JOIN metering.imports AS f ON u.import_key = f.import_key
WHERE b.bill_id = :bill_id
ORDER BY who, part
