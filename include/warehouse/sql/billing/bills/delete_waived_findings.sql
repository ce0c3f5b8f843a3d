-- What a person waived, exactly as it was found, does not hold the bill; the waiver keeps what was found.
DELETE FROM billing.bill_findings AS f
USING billing.period_bills(:period_start, :period_end, ARRAY['draft'], :subscriptions) AS b
INNER JOIN billing.waivers AS w ON b.subscription_key = w.subscription_key AND b.period = w.period
WHERE
    f.bill_key = b.bill_key
    AND f.finding = w.finding
    AND f.facts = w.facts
