-- A verdict on each subscription of the period that an export or our bill has. Where exports have the period, a bill of
-- a subscription with a marketplace instance has to be in one of them.
WITH
theirs AS (
    SELECT
        subscription_key,
        subscription_id,
        sum(amount) AS amount,
        sum(amount) FILTER (WHERE kind = 'charge') AS charged,
        sum(amount) FILTER (WHERE kind = 'refund') AS refunded,
        min(currency) AS currency,
        count(DISTINCT currency) AS currency_count
    FROM reconciliation.settled_items
    WHERE period = :period
    GROUP BY subscription_key, subscription_id
),

ours AS (
    SELECT
        o.subscription_key,
        o.net_amount,
        o.currency,
        -- Where the bill was compared by what rating charges, its charged hours are known better.
        coalesce(v.hours_charged, o.hours_charged) AS hours_charged,
        s.subscription_id
    FROM reconciliation.our_bills(:period, :period_start, :period_end) AS o
    INNER JOIN core.subscriptions AS s ON o.subscription_key = s.subscription_key
    LEFT JOIN reconciliation.verdicts AS v ON o.bill_key = v.bill_key
    WHERE
        s.marketplace_instance_id IS NOT NULL
        OR EXISTS (SELECT FROM theirs AS t WHERE t.subscription_key = o.subscription_key)
),

paired AS (
    SELECT
        coalesce(o.subscription_id, t.subscription_id) AS subscription_id,
        t.subscription_key IS NOT NULL OR o.subscription_key IS NOT NULL AS is_known,
        o.net_amount AS our_amount,
        t.amount AS settled_amount,
        t.charged,
        t.refunded,
        coalesce(o.currency, t.currency) AS currency,
        t.currency AS settled_currency,
        coalesce(t.currency_count > 1 OR t.currency <> o.currency, FALSE) AS currencies_differ,
        coalesce(o.hours_charged, 0) AS hours_charged
    FROM ours AS o
    FULL JOIN theirs AS t ON o.subscription_id = t.subscription_id
)

SELECT
    subscription_id,
    is_known,
    our_amount,
    settled_amount,
    refunded,
    CASE WHEN NOT currencies_differ THEN coalesce(settled_amount, 0) - coalesce(our_amount, 0) END AS difference,
    currency,
    settled_currency,
    hours_charged,
    reconciliation.verdict_with_refunds(
        our_amount, charged, refunded, currencies_differ, hours_charged
    ) AS verdict
FROM paired
ORDER BY subscription_id
