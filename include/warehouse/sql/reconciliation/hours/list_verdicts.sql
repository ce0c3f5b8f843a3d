-- A verdict on each subscription's hour that either side has in hour_amounts, with the first hypothesis that fits. A
-- side may have several amounts of an hour, in one currency.
WITH
ours AS (
    SELECT
        subscription_id,
        hour_start,
        sum(amount) AS amount,
        min(currency) AS currency,
        sum(peak_amount) AS peak_amount,
        sum(started_hour_amount) AS started_hour_amount,
        sum(uncovered_amount) AS uncovered_amount
    FROM hour_amounts
    WHERE is_ours
    GROUP BY subscription_id, hour_start
),

theirs AS (
    SELECT
        subscription_id,
        hour_start,
        sum(amount) AS amount,
        sum(amount) FILTER (WHERE amount >= 0) AS charged,
        sum(amount) FILTER (WHERE amount < 0) AS refunded,
        min(currency) AS currency
    FROM hour_amounts
    WHERE NOT is_ours
    GROUP BY subscription_id, hour_start
),

paired AS (
    SELECT
        coalesce(o.subscription_id, t.subscription_id) AS subscription_id,
        coalesce(o.hour_start, t.hour_start) AS hour_start,
        o.amount AS our_amount,
        t.amount AS marketplace_amount,
        t.charged,
        t.refunded,
        o.currency,
        t.currency AS marketplace_currency,
        coalesce(o.currency <> t.currency, FALSE) AS currencies_differ,
        CASE
            WHEN o.currency <> t.currency THEN NULL
            ELSE coalesce(t.amount, 0) - coalesce(o.amount, 0)
        END AS difference,
        o.peak_amount,
        o.started_hour_amount,
        o.uncovered_amount
    FROM ours AS o
    FULL JOIN theirs AS t ON o.subscription_id = t.subscription_id AND o.hour_start = t.hour_start
),

judged AS (
    SELECT
        p.*,
        reconciliation.verdict_with_refunds(p.our_amount, p.charged, p.refunded, p.currencies_differ, 1) AS verdict,
        earlier.difference AS difference_before,
        later.difference AS difference_after
    FROM paired AS p
    LEFT JOIN paired AS earlier
        ON
            p.subscription_id = earlier.subscription_id
            AND p.hour_start - INTERVAL '1 hour' = earlier.hour_start
    LEFT JOIN paired AS later
        ON
            p.subscription_id = later.subscription_id
            AND p.hour_start + INTERVAL '1 hour' = later.hour_start
)

SELECT
    subscription_id,
    hour_start,
    our_amount,
    marketplace_amount,
    refunded,
    difference,
    coalesce(currency, marketplace_currency) AS currency,
    marketplace_currency,
    verdict,
    reconciliation.hour_hypothesis(
        verdict,
        currencies_differ,
        our_amount,
        marketplace_amount,
        difference_before,
        difference_after,
        peak_amount,
        started_hour_amount,
        uncovered_amount
    ) AS hypothesis
FROM judged
ORDER BY subscription_id, hour_start
