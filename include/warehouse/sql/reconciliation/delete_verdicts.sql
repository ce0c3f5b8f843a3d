-- What no longer has either side (a draft that was voided, a charge that was taken back) has no verdict. A buyer whose
-- bill was not got this time keeps the verdicts of the last time: a bill that was not got is not an empty bill.
DELETE FROM reconciliation.verdicts AS r
USING core.subscriptions AS s, reconciliation.marketplace_fetches AS f
WHERE
    r.period = :period
    AND r.subscription_key = s.subscription_key
    AND s.account_id = f.account_id
    AND f.billing_cycle = :period
    AND f.fetched_at IS NOT NULL
    AND NOT EXISTS (SELECT FROM compared_bills AS c WHERE c.subscription_key = r.subscription_key)
