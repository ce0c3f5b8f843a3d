-- Our bill of the period beside the Marketplace's, into compared_bills of this transaction: of each subscription that
-- has either, whose buyer's Marketplace bill was got.
CREATE TEMPORARY TABLE compared_bills ON COMMIT DROP AS
WITH
buyers AS (
    SELECT
        account_id,
        fetched_at
    FROM reconciliation.marketplace_fetches
    WHERE billing_cycle = :period AND fetched_at IS NOT NULL
),

subscriptions AS (
    SELECT
        s.subscription_key,
        s.subscription_id,
        s.marketplace_instance_id,
        b.fetched_at
    FROM core.subscriptions AS s
    INNER JOIN buyers AS b ON s.account_id = b.account_id
),

ours AS (
    SELECT * FROM reconciliation.our_bills(:period, :period_start, :period_end)
),

theirs AS (
    SELECT
        marketplace_instance_id,
        sum(amount) AS amount,
        min(currency) AS currency,
        count(DISTINCT currency) AS currency_count
    FROM reconciliation.marketplace_charges
    WHERE billing_cycle = :period
    GROUP BY marketplace_instance_id
)

SELECT
    s.subscription_key,
    s.subscription_id,
    s.marketplace_instance_id,
    o.bill_key,
    o.bill_id,
    o.net_amount AS our_amount,
    t.amount AS marketplace_amount,
    coalesce(o.currency, t.currency) AS currency,
    t.currency AS marketplace_currency,
    coalesce(t.currency_count > 1 OR t.currency <> o.currency, FALSE) AS currencies_differ,
    coalesce(t.amount, 0) - coalesce(o.net_amount, 0) AS difference,
    coalesce(o.hours_charged, 0) AS hours_charged,
    s.fetched_at >= :final_at AS is_final,
    -- Of the hours, where they are compared, too (hours/explain_months).
    CAST(NULL AS bigint) AS hours_compared,
    CAST(NULL AS bigint) AS hours_apart,
    CAST(NULL AS jsonb) AS hour_causes
FROM subscriptions AS s
LEFT JOIN ours AS o ON s.subscription_key = o.subscription_key
LEFT JOIN theirs AS t ON s.marketplace_instance_id = t.marketplace_instance_id
WHERE o.bill_key IS NOT NULL OR t.amount IS NOT NULL
