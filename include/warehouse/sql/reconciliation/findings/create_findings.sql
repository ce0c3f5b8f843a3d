-- What the Marketplace's final bill does not confirm of the period, corrections of our bill included, into
-- current_findings of this transaction; and charges for an instance that no subscription has.
CREATE TEMPORARY TABLE current_findings ON COMMIT DROP AS
SELECT
    s.account_id,
    s.subscription_id AS charged_id,
    s.subscription_key,
    r.verdict AS kind,
    r.difference,
    r.currency,
    r.facts
FROM reconciliation.verdicts AS r
INNER JOIN core.subscriptions AS s ON r.subscription_key = s.subscription_key
CROSS JOIN LATERAL (SELECT reconciliation.corrections_of(r.bill_key) AS amount) AS c
WHERE
    r.period = :period
    AND r.is_final
    AND r.verdict NOT IN ('agrees', 'differs_by_rounding')
    AND (
        c.amount = 0
        OR reconciliation.verdict(
            r.our_amount + c.amount, r.marketplace_amount, r.facts ->> 'cause' = 'currency', r.hours_charged
        ) NOT IN ('agrees', 'differs_by_rounding')
    )
UNION ALL
SELECT
    c.account_id,
    c.marketplace_instance_id AS charged_id,
    NULL AS subscription_key,
    'unknown_instance' AS kind,
    sum(c.amount) AS difference,
    c.currency,
    jsonb_build_object(
        'marketplace_instance_id', c.marketplace_instance_id,
        'amount', CAST(sum(c.amount) AS text),
        'currency', c.currency
    ) AS facts
FROM reconciliation.marketplace_charges AS c
INNER JOIN reconciliation.marketplace_fetches AS f
    ON c.billing_cycle = f.billing_cycle AND c.account_id = f.account_id AND f.fetched_at >= :final_at
WHERE
    c.billing_cycle = :period
    AND NOT EXISTS (
        SELECT FROM core.subscriptions AS s
        WHERE s.marketplace_instance_id = c.marketplace_instance_id AND s.account_id = c.account_id
    )
GROUP BY c.account_id, c.marketplace_instance_id, c.currency
