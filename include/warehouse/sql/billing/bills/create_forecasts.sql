-- What the rated period comes to for each subscription, tax included, into forecasts of this transaction.
CREATE TEMPORARY TABLE forecasts ON COMMIT DROP AS
SELECT
    l.subscription_key,
    sum(l.amount) + coalesce(t.amount, 0) AS total
FROM rated_lines AS l
LEFT JOIN (
    SELECT
        subscription_key,
        sum(amount) FILTER (WHERE NOT is_inclusive) AS amount
    FROM rated_taxes
    GROUP BY subscription_key
) AS t ON l.subscription_key = t.subscription_key
GROUP BY l.subscription_key, t.amount
