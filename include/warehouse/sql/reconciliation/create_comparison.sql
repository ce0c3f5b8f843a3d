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
    SELECT
        b.subscription_key,
        b.bill_key,
        b.bill_id,
        -- The Marketplace charges this period before tax; what corrects other periods is between us and the buyer.
        (
            SELECT coalesce(sum(l.amount), 0) FROM billing.bill_lines AS l
            WHERE l.bill_key = b.bill_key AND l.corrects_bill_key IS NULL
        ) - (
            SELECT coalesce(sum(t.amount), 0) FROM billing.bill_taxes AS t
            WHERE t.bill_key = b.bill_key AND t.for_bill_key = b.bill_key AND t.is_inclusive
        ) AS net_amount,
        b.currency
    FROM billing.bills AS b
    WHERE b.period = :period AND b.document = 'bill' AND b.state <> 'void'
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
),

-- Only hours that our bill charges for: usage under a prepaid licence costs nothing, so nothing of it is rounded.
hours AS (
    SELECT
        u.subscription_key,
        count(DISTINCT u.hour_start) AS hours_charged
    FROM metering.usage AS u
    INNER JOIN ours AS o ON u.subscription_key = o.subscription_key
    WHERE
        u.hour_start >= :period_start
        AND u.hour_start < :period_end
        AND u.aku_seconds > 0
        AND EXISTS (
            SELECT 1 FROM billing.bill_lines AS l
            WHERE l.bill_key = o.bill_key AND l.kind IN ('usage', 'overage') AND l.unit_price > 0
        )
    GROUP BY u.subscription_key
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
    coalesce(h.hours_charged, 0) AS hours_charged,
    s.fetched_at >= :final_at AS is_final
FROM subscriptions AS s
LEFT JOIN ours AS o ON s.subscription_key = o.subscription_key
LEFT JOIN theirs AS t ON s.marketplace_instance_id = t.marketplace_instance_id
LEFT JOIN hours AS h ON s.subscription_key = h.subscription_key
WHERE o.bill_key IS NOT NULL OR t.amount IS NOT NULL
