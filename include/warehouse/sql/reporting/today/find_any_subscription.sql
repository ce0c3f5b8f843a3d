SELECT count(*) > 0 AS has_any
FROM (SELECT 1 AS one FROM core.subscriptions LIMIT 1) AS first_one
