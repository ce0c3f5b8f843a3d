-- A person waives the findings of a bill: all of them, or one. Exactly that does not hold that period's
-- bill again.
INSERT INTO billing.waivers (subscription_key, period, finding, facts, reason, waived_by, waived_at)
SELECT
    b.subscription_key,
    b.period,
    f.finding,
    f.facts,
    :reason,
    :who AS waived_by,
    :at AS waived_at
FROM billing.bills AS b
INNER JOIN billing.bill_findings AS f ON b.bill_key = f.bill_key
WHERE b.bill_key = :bill_key AND f.finding = coalesce(CAST(:finding AS text), f.finding)
ON CONFLICT (subscription_key, period, finding, facts) DO NOTHING
