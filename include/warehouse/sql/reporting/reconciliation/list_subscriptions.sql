-- One page of the subscriptions of a period that have a bill or a charge of the Marketplace: those that differ first,
-- the largest differences before the others, then those that were not compared. Null filters keep everything.
WITH compared AS (
    SELECT
        coalesce(b.subscription_key, v.subscription_key) AS subscription_key,
        b.bill_key,
        b.bill_id,
        b.state AS bill_state,
        v.our_amount,
        v.marketplace_amount,
        v.difference,
        coalesce(v.currency, b.currency) AS currency,
        coalesce(v.verdict, 'unknown') AS verdict,
        v.facts,
        v.is_final,
        v.checked_at
    FROM (
        SELECT * FROM billing.bills WHERE period = :period AND document = 'bill' AND state <> 'void'
    ) AS b
    FULL JOIN
        (SELECT * FROM reconciliation.verdicts WHERE period = :period) AS v
        ON b.subscription_key = v.subscription_key
)

SELECT
    s.subscription_id,
    s.environment_name,
    s.account_id,
    s.payment,
    c.bill_key,
    c.bill_id,
    c.bill_state,
    c.our_amount,
    c.marketplace_amount,
    c.difference,
    c.currency,
    c.verdict,
    c.facts,
    c.is_final,
    c.checked_at,
    count(*) OVER () AS match_count
FROM compared AS c
INNER JOIN core.subscriptions AS s ON c.subscription_key = s.subscription_key
WHERE
    (cast(:verdict AS text) IS NULL OR c.verdict = :verdict)
    AND (
        cast(:search AS text) IS NULL
        OR position(
            lower(:search) IN lower(
                concat_ws(
                    ' ', s.subscription_id, s.environment_name, s.account_id, s.department, s.order_id,
                    s.marketplace_instance_id
                )
            )
        ) > 0
    )
ORDER BY
    array_position(ARRAY['unknown', 'differs_by_rounding', 'agrees'], c.verdict) ASC NULLS FIRST,
    abs(c.difference) DESC NULLS LAST,
    s.subscription_id ASC
LIMIT :page_size OFFSET :skipped
