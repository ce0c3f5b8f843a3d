-- A person agreed to what an audit finds about an issued bill, exactly as it is now.
INSERT INTO billing.waivers (subscription_key, period, finding, facts, reason, waived_by, waived_at)
SELECT
    b.subscription_key,
    b.period,
    :finding,
    CAST(:facts AS jsonb) AS facts,
    :reason,
    :who,
    :at
FROM billing.bills AS b
WHERE b.bill_key = :bill_key
ON CONFLICT (subscription_key, period, finding, facts) DO NOTHING
