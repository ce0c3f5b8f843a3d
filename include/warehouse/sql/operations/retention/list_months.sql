-- The months (UTC) that polls or readings have a partition for, oldest first.
SELECT DISTINCT to_date(substring(child.relname FROM '\d{4}_\d{2}$'), 'YYYY_MM') AS month_start
FROM pg_inherits AS link
INNER JOIN pg_class AS child ON link.inhrelid = child.oid
WHERE link.inhparent IN (CAST('metering.polls' AS regclass), CAST('metering.readings' AS regclass))
ORDER BY month_start
