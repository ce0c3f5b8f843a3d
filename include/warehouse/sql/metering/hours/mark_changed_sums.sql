-- Names the sums that this closing changed.
INSERT INTO changed_hours (subscription_key, hour_start)
SELECT DISTINCT
    subscription_key,
    hour_start
FROM closing_differences
WHERE bill_key IS NULL
