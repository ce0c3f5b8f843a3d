-- One verdict per subscription of the period whose buyer's Marketplace bill was got. A buyer whose bill was not got
-- this time keeps the verdicts of the last time: a bill that was not got is not an empty bill.
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
),

pairs AS (
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
),

judged AS (
    SELECT
        *,
        CASE
            -- Sums in two currencies have no difference, whatever their digits are.
            WHEN currencies_differ THEN 'differs'
            WHEN difference = 0 THEN 'agrees'
            WHEN bill_key IS NULL THEN 'missing_here'
            WHEN marketplace_amount IS NULL THEN 'missing_there'
            -- Each side truncates every hour by less than 0.01, so this much and no more can be rounding.
            WHEN abs(difference) < 0.01 * hours_charged THEN 'differs_by_rounding'
            ELSE 'differs'
        END AS verdict
    FROM pairs
),

worded AS (
    SELECT
        *,
        CASE
            WHEN currencies_differ
                THEN
                    format(
                        'Bill %s is in %s and the Marketplace charges %s in %s: amounts in two currencies cannot be '
                        'compared. Check the currency of the price plan.',
                        bill_id, currency, marketplace_instance_id, marketplace_currency
                    )
            WHEN verdict = 'agrees'
                THEN
                    format(
                        'The Marketplace charges %s %s, as our bill does.', coalesce(marketplace_amount, 0), currency
                    )
            WHEN verdict = 'missing_here'
                THEN
                    format(
                        'The Marketplace charges %s %s for %s, and we have no bill for it. Close the period %s for %s.',
                        marketplace_amount, currency, marketplace_instance_id, :period, subscription_id
                    )
            WHEN verdict = 'missing_there'
                THEN
                    format(
                        'Our bill is %s %s, and the Marketplace charges nothing for %s. '
                        'Check that its usage was metered there.',
                        our_amount, currency, coalesce(marketplace_instance_id, subscription_id)
                    )
            WHEN verdict = 'differs_by_rounding'
                THEN
                    format(
                        'The Marketplace charges %s %s, %s %s than our bill; '
                        'rounding of %s charged hours can explain less than %s.',
                        marketplace_amount, currency, abs(difference),
                        CASE WHEN difference > 0 THEN 'more' ELSE 'less' END, hours_charged, 0.01 * hours_charged
                    )
            ELSE format(
                'The Marketplace charges %s %s, %s %s than our bill, '
                'which rounding of %s charged hours does not explain. '
                'Compare the hours of the bill with the Marketplace''s.',
                marketplace_amount, currency, abs(difference),
                CASE WHEN difference > 0 THEN 'more' ELSE 'less' END, hours_charged
            )
        END AS sentence
    FROM judged
),

-- What no longer has either side (a draft that was voided, a charge that was taken back) has no verdict.
outdated AS (
    DELETE FROM reconciliation.verdicts AS r
    USING subscriptions AS s
    WHERE
        r.subscription_key = s.subscription_key
        AND r.period = :period
        AND NOT EXISTS (SELECT 1 FROM pairs AS p WHERE p.subscription_key = r.subscription_key)
),

stored AS (
    INSERT INTO reconciliation.verdicts (
        subscription_key, period, bill_key, our_amount, marketplace_amount, difference, currency, hours_charged,
        verdict, sentence, is_final, checked_at
    )
    SELECT
        subscription_key,
        :period,
        bill_key,
        our_amount,
        marketplace_amount,
        difference,
        currency,
        hours_charged,
        verdict,
        sentence,
        is_final,
        :checked_at
    FROM worded
    ON CONFLICT (subscription_key, period) DO UPDATE
        SET
            bill_key = excluded.bill_key,
            our_amount = excluded.our_amount,
            marketplace_amount = excluded.marketplace_amount,
            difference = excluded.difference,
            currency = excluded.currency,
            hours_charged = excluded.hours_charged,
            verdict = excluded.verdict,
            sentence = excluded.sentence,
            is_final = excluded.is_final,
            checked_at = excluded.checked_at
    RETURNING verdict
)

SELECT
    verdict,
    count(*) AS verdict_count
FROM stored
GROUP BY verdict
