-- Buyers whose machines are listed, with their products. A released subscription is looked after for five weeks more:
-- machines that outlive it are what this is for.
SELECT
    account_id,
    array_agg(DISTINCT product ORDER BY product) AS products
FROM core.subscriptions
WHERE
    state IN ('ordered', 'deployed', 'active')
    OR (state = 'released' AND ended_at > CAST(:at AS timestamptz) - CAST('35 days' AS interval))
GROUP BY account_id
ORDER BY account_id
