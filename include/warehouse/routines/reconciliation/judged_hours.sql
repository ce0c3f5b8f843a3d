-- A verdict on each subscription's hour that either side has in reconciliation.hour_amounts, with the first hypothesis
-- that fits: for amounts of files and for those that are stored. A side may have several amounts of an hour.
CREATE VIEW reconciliation.judged_hours AS
WITH
ours AS (
    SELECT
        subscription_id,
        hour_start,
        sum(amount) AS amount,
        min(currency) AS currency,
        min(currency) <> max(currency) AS has_two_currencies,
        sum(peak_amount) AS peak_amount,
        sum(started_hour_amount) AS started_hour_amount,
        sum(uncovered_amount) AS uncovered_amount
    FROM reconciliation.hour_amounts
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
        min(currency) AS currency,
        min(currency) <> max(currency) AS has_two_currencies
    FROM reconciliation.hour_amounts
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
        c.currencies_differ,
        CASE WHEN NOT c.currencies_differ THEN coalesce(t.amount, 0) - coalesce(o.amount, 0) END AS difference,
        o.peak_amount,
        o.started_hour_amount,
        o.uncovered_amount
    FROM ours AS o
    FULL JOIN theirs AS t ON o.subscription_id = t.subscription_id AND o.hour_start = t.hour_start
    CROSS JOIN
        LATERAL (
            SELECT
                coalesce(
                    o.currency <> t.currency OR o.has_two_currencies OR t.has_two_currencies, FALSE
                ) AS currencies_differ
        ) AS c
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
FROM judged;

COMMENT ON VIEW reconciliation.judged_hours IS 'Verdicts on the hours in reconciliation.hour_amounts.';
COMMENT ON COLUMN reconciliation.judged_hours.subscription_id IS 'Public id of the subscription.';
COMMENT ON COLUMN reconciliation.judged_hours.hour_start IS 'Start of the UTC hour.';
COMMENT ON COLUMN reconciliation.judged_hours.our_amount IS 'What we charge; null where we do not have the hour.';
COMMENT ON COLUMN reconciliation.judged_hours.marketplace_amount IS
'What the Marketplace charges; null where it does not have the hour.';
COMMENT ON COLUMN reconciliation.judged_hours.refunded IS 'Its negative items, which are in its amount.';
COMMENT ON COLUMN reconciliation.judged_hours.difference IS 'Marketplace''s minus ours; null in two currencies.';
COMMENT ON COLUMN reconciliation.judged_hours.currency IS 'ISO 4217 code of our amount, else of the Marketplace''s.';
COMMENT ON COLUMN reconciliation.judged_hours.marketplace_currency IS 'ISO 4217 code of the Marketplace''s amount.';
COMMENT ON COLUMN reconciliation.judged_hours.verdict IS 'One of reconciliation.verdict, or refund.';
COMMENT ON COLUMN reconciliation.judged_hours.hypothesis IS 'See reconciliation.hour_hypothesis.';
