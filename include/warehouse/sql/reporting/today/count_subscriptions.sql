SELECT count(*) AS subscription_count
FROM core.subscriptions
