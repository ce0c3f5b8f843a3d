-- An instance of a subscription and hour that the file has twice: the first and the last row of it.
SELECT
    instance_id,
    hour_start,
    min(row_number) AS first_row,
    max(row_number) AS last_row
FROM quoted_rows
GROUP BY subscription_id, instance_id, hour_start
HAVING count(*) > 1
ORDER BY max(row_number)
LIMIT 1
