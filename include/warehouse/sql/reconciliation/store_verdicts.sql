-- A verdict on each comparison, with the facts that a person reads; how many there are of each.
WITH stored AS (
    INSERT INTO reconciliation.verdicts (
        subscription_key, period, bill_key, our_amount, marketplace_amount, difference, currency, hours_charged,
        verdict, facts, is_final, checked_at
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
        -- Hours that are apart by more than rounding show that the month is, too.
        CASE WHEN v.verdict = 'differs_by_rounding' AND hours_apart > 0 THEN 'differs' ELSE v.verdict END AS verdict,
        jsonb_build_object(
            'period', CAST(:period AS text),
            'subscription_id', subscription_id,
            'bill_id', bill_id,
            'marketplace_instance_id', marketplace_instance_id,
            'charged_id', coalesce(marketplace_instance_id, subscription_id),
            'our_amount', CAST(our_amount AS text),
            'marketplace_amount', CAST(coalesce(marketplace_amount, 0) AS text),
            'currency', currency,
            'marketplace_currency', marketplace_currency,
            'direction', CASE WHEN difference > 0 THEN 'more' ELSE 'less' END,
            'cause', CASE WHEN currencies_differ THEN 'currency' ELSE 'amount' END,
            'distance', CAST(abs(difference) AS text),
            'hours_charged', hours_charged,
            'rounding_limit', CAST(reconciliation.rounding_limit(hours_charged) AS text),
            'hours_compared', hours_compared,
            'hour_causes', hour_causes
        ) AS facts,
        is_final,
        :checked_at
    FROM compared_bills
    CROSS JOIN
        LATERAL (
            SELECT reconciliation.verdict(our_amount, marketplace_amount, currencies_differ, hours_charged) AS verdict
        ) AS v
    ON CONFLICT (subscription_key, period) DO UPDATE
        SET
            bill_key = excluded.bill_key,
            our_amount = excluded.our_amount,
            marketplace_amount = excluded.marketplace_amount,
            difference = excluded.difference,
            currency = excluded.currency,
            hours_charged = excluded.hours_charged,
            verdict = excluded.verdict,
            facts = excluded.facts,
            is_final = excluded.is_final,
            checked_at = excluded.checked_at
    RETURNING verdict
)

SELECT
    verdict,
    count(*) AS verdict_count
FROM stored
GROUP BY verdict
